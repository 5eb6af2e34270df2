"""From an invitation to the second approval, as talks."""

from tests.support.world import World


def test_a_newcomer_is_welcomed_and_told_what_to_send(world: World):
    expert = world.phone("山田")
    expert.follows()
    expert.sees("友だち追加ありがとうございます", "招待コード")
    expert.taps("招待コードがない方")
    expert.sees("支援機関")
