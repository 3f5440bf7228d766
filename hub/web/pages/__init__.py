"""The hub's pages: the API's answers as HTML. They work without scripts; a script keeps them up to date."""
