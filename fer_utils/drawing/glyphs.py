"""Letters of all scripts in figures: installed fonts that have those which the usual font lacks, or a line where none has."""

import functools
import unicodedata
from pathlib import Path

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from fer_utils.common import progress

_said: set[str] = set()  # letters that no font has, named already


def provide(figure: Figure) -> None:
    """Give each text of a figure further fonts for the letters that its own lacks; say once which letters no font has.

    Letters that stand in the usual font are drawn as before.
    """
    absent = set()
    for text in figure.findobj(Text):
        if text.get_text().isascii():
            continue
        own = _letters(font_manager.findfont(text.get_fontproperties()))
        missing = {each for each in text.get_text() if ord(each) not in own and each.isprintable()}
        if missing:
            fonts = {each: _font(each) for each in sorted(missing)}
            text.set_fontfamily([*text.get_fontfamily(), *dict.fromkeys(filter(None, fonts.values()))])
            absent |= {each for each, font in fonts.items() if font is None}
    if new := absent - _said:
        _said.update(new)
        scripts = ", ".join(sorted({unicodedata.name(each, "unnamed").split()[0] for each in new}))
        progress.say(
            f"figures: no installed font has {''.join(sorted(new)[:10])} (script: {scripts}), so boxes stand there. "
            "Install a font that has them, such as one of the Noto fonts."
        )


@functools.cache
def _font(letter: str) -> str | None:
    """The family of an installed font that has a letter, upright and without serifs where there is one."""
    fitting = [each for each in _installed() if ord(letter) in _letters(each)]
    if not fitting:
        return None
    font_manager.fontManager.addfont(fitting[0])  # Matplotlib may have listed the fonts before this one was installed
    return font_manager.get_font(fitting[0]).family_name


@functools.cache
def _installed() -> list[str]:
    every = {each.fname for each in font_manager.fontManager.ttflist} | set(font_manager.findSystemFonts())
    # Matplotlib's font of last resort has a box for every letter.
    return sorted((path for path in every if "lastresort" not in path.lower()), key=_rank)


def _rank(path: str) -> tuple:
    name = Path(path).stem.lower()
    return "sans" not in name, "mono" in name, not name.endswith(("regular", "sans", "cjk")), name


@functools.cache
def _letters(path: str) -> frozenset[int]:
    """Code points that a font can draw."""
    try:
        font = font_manager.get_font(path)
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError, ValueError):  # no font, or of a kind that FreeType cannot draw
        return frozenset()
