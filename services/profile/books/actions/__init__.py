"""What is done about books; what is done most stands here, the rest in the module of its noun."""

from services.profile.books.actions.owners import Assignment, assign, assign_all, disinherit, inherit, who_left

__all__ = ["Assignment", "assign", "assign_all", "disinherit", "inherit", "who_left"]
