"""Reading lists, and who is in them."""

from services.profile.lists.queries.saved import SavedList, count, members, page, saved_list, works_at

__all__ = ["SavedList", "count", "members", "page", "saved_list", "works_at"]
