"""After a restore: what may have been done since the backup is not done again."""

from datetime import timedelta

from tests.conftest import Start
from tests.profile.post import opened
from tests.profile.relationship import consented


async def test_a_message_that_was_queued_in_the_backup_is_not_sent_again(running: Start) -> None:
    post = await opened(running)
    client_id, openid = await post.client()
    await consented(post.profile, client_id)
    await post.accepts(openid, times=2)
    restored_at = post.clock() + timedelta(minutes=1)
    insert = "insert into restoration (restored_at, made_at) values ($1, $1)"
    await post.profile.rows(insert, restored_at)
    seen = await post.becomes((await post.ask(client_id))["message_id"], "unknown")
    assert seen["reason"] == "interrupted"
    assert post.line.sends == 0
    # Whatever is asked for afterwards goes its way.
    post.clock.now = restored_at + timedelta(seconds=1)
    await post.becomes((await post.ask(client_id))["message_id"], "sent")
    assert len(await post.received(openid)) == 1
