"""Wire models of books; those of others stand here, the rest in the module of their noun."""

from services.profile.books.schemas.owners import EntryView, OwnerForm, OwnerView

__all__ = ["EntryView", "OwnerForm", "OwnerView"]
