"""The clients as they are written; `_sync` is made of them."""
