"""The characters allowed in the name of a person, at a station and at the hub."""

# Letters and digits: Latin with its accents, Chinese with the rare characters of names, and the other scripts of China.
# Not Greek or Cyrillic: their letters look like Latin ones, and two people's names must not look alike.
_LATIN, _TIBETAN, _YI = "A-Za-zÀ-ÖØ-öø-ɏ\u0300-\u036fḀ-ỿ", "\u0f00\u0f20-\u0fbc", "\ua000-\ua48c"
_UYGHUR, _MONGOLIAN, _KOREAN = "\u0620-\u063f\u0641-\u064a\u066e-\u06d3\u06d5", "\u1820-\u1878", "\uac00-\ud7a3"
_CHINESE = "〇㐀-䶿一-鿿\U00020000-\U000323af"
LETTERS = f"0-9{_LATIN}{_TIBETAN}{_YI}{_UYGHUR}{_MONGOLIAN}{_KOREAN}{_CHINESE}"
# Characters allowed after the first: the dot of 扎西·多吉, and the one between Tibetan syllables.
INSIDE = "·\u0f0b._-"
PERSON = rf"^[{LETTERS}][{LETTERS}{INSIDE}]{{0,63}}$"
