"""WeCom's errcodes by name. The same one may stand at the root of an answer or at one client of it."""

# Another token helps, once.
TOKEN_REFUSED = frozenset({40014, 42001})
# Calls per minute or hour, and calls at one time; a limit that was hit blocks as long as its window.
CALLED_TOO_OFTEN = frozenset({45009, 45033})

NO_SUCH_MEMBER = 60111
NOT_SEEN = 60011  # outside what the application may see
NO_CLIENTS = 84061  # the member has none, or has no relation with this one

CLIENT_UNKNOWN = 40096
NOT_LEFT = 40097  # the resigned way was taken for a member who is still there
NOT_VERIFIED = 40098  # the taker has not confirmed her real name
CLIENT_LIMIT = 40099  # the taker has as many clients as WeCom allows
IN_TRANSFER = frozenset({40100, 40129})  # submitted before: as good as submitted now
TRANSFERRED_TOO_OFTEN = 40128  # twice within 90 days already
SAME_MEMBER = 40130
NOT_HERS = 40131  # the one who hands over is no follower of this client
TEAM_ACCOUNT = 40132

TRANSFER = frozenset(
    {
        CLIENT_UNKNOWN,
        NOT_LEFT,
        NOT_VERIFIED,
        CLIENT_LIMIT,
        *IN_TRANSFER,
        TRANSFERRED_TOO_OFTEN,
        SAME_MEMBER,
        NOT_HERS,
        TEAM_ACCOUNT,
    }
)

WELCOME_OVER = 41050  # older than 20 seconds, used, or not a code
WELCOME_CHATTING = 41051
WELCOME_BUSY = 41096  # another application is sending: try again
NOBODY_TO_SEND_TO = 41048
ALL_INVALID = 81013
