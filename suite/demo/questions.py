"""The demo house's two surveys: after a visit, and after something was put right."""

from typing import Any

_SCORE = {
    "question_id": "score",
    "kind": "score",
    "required": True,
    "text": {
        "zh": "这一次，我们让您满意吗？",
        "en": "How satisfied were you with us this time?",
    },
}
_WORDS = {"question_id": "words", "kind": "text", "text": {"zh": "请告诉我们原因", "en": "Tell us why, in your words"}}
_DRIVER = {
    "question_id": "driver",
    "kind": "choice",
    "text": {"zh": "哪一点最影响您的感受？", "en": "What mattered most to how you felt?"},
    "options": [
        {"option_id": "service", "text": {"zh": "专属服务", "en": "Personal service"}},
        {"option_id": "recognition", "text": {"zh": "被认出与重视", "en": "Being recognised"}},
        {"option_id": "piece", "text": {"zh": "作品本身", "en": "The piece itself"}},
        {"option_id": "waiting", "text": {"zh": "等候时间", "en": "The time I waited"}},
    ],
}
SURVEYS: dict[str, dict[str, Any]] = {
    "visit-completed": {
        "code": "after-visit",
        "title": {"zh": "您今天的到访", "en": "Your visit"},
        "questions": [_SCORE, _DRIVER, _WORDS],
    },
    "work-order-closed": {
        "code": "after-recovery",
        "title": {"zh": "我们是否已经弥补", "en": "Have we put it right?"},
        "questions": [_SCORE, _WORDS],
    },
}

# No quiet hours, and a budget that nobody uses up.
MESSAGE_POLICY = {
    "budget": 1000,
    "days": 30,
    "quiet_from": "00:00",
    "quiet_until": "00:00",
    "zone": "Asia/Shanghai",
    "same_words": 5,
    "draft_days": 7,
}
