"""What the name of a person may be made of, at a station and at the hub."""

# Letters and digits: Latin with its accents, Tibetan with its signs, Yi, and Chinese with the rare characters of names.
_LATIN, _TIBETAN, _YI = "A-Za-zÀ-ÖØ-öø-ɏ\u0300-\u036fḀ-ỿ", "\u0f00\u0f20-\u0fbc", "\ua000-\ua48c"
_CHINESE = "〇㐀-䶿一-鿿\U00020000-\U000323af"
LETTERS = f"0-9{_LATIN}{_TIBETAN}{_YI}{_CHINESE}"
# What may stand between them: the dot of 扎西·多吉, and the one between Tibetan syllables.
INSIDE = "·\u0f0b._-"
PERSON = rf"^[{LETTERS}][{LETTERS}{INSIDE}]{{0,63}}$"
