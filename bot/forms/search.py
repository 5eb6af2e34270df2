"""専門家を探す: two questions, then the experts. Drawn in `search.mmd`."""

from bot.form import Form, Step
from models.rules.finding import AREA, SPECIALITY

SEARCH = Form(
    key="search",
    version=1,
    title="専門家を探す",
    steps=(
        Step("search_field", "ask.search_field", SPECIALITY),
        Step("search_area", "ask.search_area", AREA),
    ),
    command="search_experts",
    confirm=False,
)
