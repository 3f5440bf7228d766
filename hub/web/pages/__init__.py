"""The hub's pages for people: what the API answers, as HTML. They work without scripts; one keeps them up to date."""
