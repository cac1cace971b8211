"""The answer page: one self-contained HTML document, zh or en, for a phone first. No script, nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from services.feedback.answers.schemas import TEXT_LIMIT, LinkView
from services.feedback.surveys.schemas import QuestionView, WordsView

STYLE = """
:root{--ink:#221f1b;--soft:#857c70;--line:#ddd5c8;--paper:#fbf9f5;--gold:#8f6f3e}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);line-height:1.65;-webkit-text-size-adjust:100%;
font:300 17px/1.65 "Songti SC","Noto Serif SC","Source Han Serif SC",Georgia,"Times New Roman",serif}
main{max-width:34rem;margin:0 auto;padding:3.5rem 1.5rem 4rem}
h1{font-weight:400;font-size:1.6rem;line-height:1.35;text-align:center;margin:0 0 2.75rem;letter-spacing:.02em}
h1::after{content:"";display:block;width:2.5rem;height:1px;background:var(--gold);margin:1.5rem auto 0}
fieldset{border:0;margin:0 0 2.75rem;padding:0;min-width:0}
legend,.asked{padding:0;margin:0 0 1rem;font-size:1.06rem;display:block}
.scale{display:grid;grid-template-columns:repeat(6,1fr);gap:.5rem}
.ends{display:flex;justify-content:space-between;color:var(--soft);font-size:.8rem;margin:.6rem 0 0}
.scale label,.choice label{display:block;position:relative;cursor:pointer}
input[type=radio]{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}
.scale span{display:flex;align-items:center;justify-content:center;height:3rem;border:1px solid var(--line);
border-radius:2px;background:#fff;font-variant-numeric:lining-nums}
.choice span{display:block;padding:.75rem 1rem;border:1px solid var(--line);border-radius:2px;background:#fff;
margin:0 0 .5rem}
input:checked+span{background:var(--ink);border-color:var(--ink);color:#fff}
input:focus-visible+span,textarea:focus-visible,button:focus-visible{outline:2px solid var(--gold);outline-offset:2px}
textarea{width:100%;min-height:8rem;padding:.85rem 1rem;border:1px solid var(--line);border-radius:2px;background:#fff;
font:inherit;color:inherit;resize:vertical}
button{display:block;width:100%;min-height:3.25rem;border:0;border-radius:2px;background:var(--ink);color:#fff;
font:inherit;letter-spacing:.15em;cursor:pointer;-webkit-appearance:none;appearance:none}
p{margin:0;text-align:center}
.soft{color:var(--soft);font-size:.8rem;margin-top:1.25rem}
.amiss{color:#8a2f24;margin:0 0 2rem}
@media(min-width:34rem){.scale{grid-template-columns:repeat(11,1fr);gap:.35rem}}
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

# The link is the key: it must not travel on as a referrer or stay in a cache, and nothing may run or load here.
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept, Accept-Language",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'",
}

_SAYS = {
    "zh": {
        "send": "提交",
        "least": "0 完全不满意",
        "most": "10 非常满意",
        "optional": "选填",
        "amiss": "请完成必答题后再提交。",
        "private": "您的回答仅用于改善我们对您的服务。",
        "thanks": "感谢您",
        "received": "您的心声已送达，我们会认真阅读每一个字。",
    },
    "en": {
        "send": "Send",
        "least": "0 not at all satisfied",
        "most": "10 entirely satisfied",
        "optional": "optional",
        "amiss": "Please answer the required questions, then send again.",
        "private": "Your answer is used only to serve you better.",
        "thanks": "Thank you",
        "received": "Your words have arrived. We read every one of them.",
    },
}


def asking(link: LinkView, *, language: str, given: Mapping[str, str] | None = None) -> str:
    """The page with the questions; with `given`, what she had sent and a line that something is missing."""
    says = _SAYS[language]
    title = escape(_in(link.title, language))
    parts = [f"<h1>{title}</h1>"]
    if given is not None:
        parts.append(f'<p class="amiss" role="alert">{says["amiss"]}</p>')
    # No action: the form goes back to the address it came from, so the token is not repeated in the page.
    parts.append('<form method="post" accept-charset="utf-8">')
    parts += [_question(question, language, (given or {}).get(question.question_id, "")) for question in link.questions]
    parts.append(f'<button type="submit">{says["send"]}</button><p class="soft">{says["private"]}</p></form>')
    return _document(title, "".join(parts), language)


def thanks(*, language: str) -> str:
    """The page after an answer."""
    says = _SAYS[language]
    return _document(says["thanks"], f"<h1>{says['thanks']}</h1><p>{says['received']}</p>", language)


def closed(sentence: str, *, language: str) -> str:
    """The page of a link that cannot be answered."""
    return _document(escape(sentence), f"<h1>·</h1><p>{escape(sentence)}</p>", language)


def _document(title: str, body: str, language: str) -> str:
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">'
        '<meta name="format-detection" content="telephone=no"><meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def _question(question: QuestionView, language: str, given: str) -> str:
    says, name = _SAYS[language], escape(question.question_id)
    words = escape(_in(question.text, language))
    if not question.required:
        words += f' <small class="soft">{says["optional"]}</small>'
    if question.kind == "text":
        must = " required" if question.required else ""
        box = f'<textarea id="q-{name}" name="{name}" maxlength="{TEXT_LIMIT}"{must}>{escape(given)}</textarea>'
        return f'<fieldset><label class="asked" for="q-{name}">{words}</label>{box}</fieldset>'
    if question.kind == "score":
        radios = "".join(_radio(question, str(score), str(score), given) for score in range(11))
        ends = f'<p class="ends"><span>{says["least"]}</span><span>{says["most"]}</span></p>'
        return f'<fieldset><legend>{words}</legend><div class="scale">{radios}</div>{ends}</fieldset>'
    radios = "".join(_radio(question, one.option_id, _in(one.text, language), given) for one in question.options)
    return f'<fieldset><legend>{words}</legend><div class="choice">{radios}</div></fieldset>'


def _radio(question: QuestionView, value: str, label: str, given: str) -> str:
    must = " required" if question.required else ""
    chosen = " checked" if value == given else ""
    return (
        f'<label><input type="radio" name="{escape(question.question_id)}" value="{escape(value)}"{must}{chosen}>'
        f"<span>{escape(label)}</span></label>"
    )


def _in(words: WordsView, language: str) -> str:
    return words.en if language == "en" else words.zh
