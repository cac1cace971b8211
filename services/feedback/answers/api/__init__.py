"""The page behind a link, for clients."""
