"""The other side: line-bot-sdk's Flask echo bot, as its README shows it, on one shared client."""

import os

from flask import Flask, abort, request
from linebot.v3 import WebhookHandler
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.messaging import ApiClient, Configuration, MessagingApi, ReplyMessageRequest, TextMessage
from linebot.v3.webhooks import MessageEvent, TextMessageContent


def _app(handler: WebhookHandler) -> Flask:
    app = Flask(__name__)

    @app.post("/line/webhook")
    def callback():
        signature = request.headers["X-Line-Signature"]
        try:
            handler.handle(request.get_data(as_text=True), signature)
        except InvalidSignatureError:
            abort(400)
        return "OK"

    return app


def silent_app() -> Flask:
    """Parses and calls the handler; stores nothing and sends nothing."""
    handler = WebhookHandler(os.environ["LINE_CHANNEL_SECRET"])

    @handler.add(MessageEvent, message=TextMessageContent)
    def echo(_event: MessageEvent) -> None:
        return None

    return _app(handler)


def echo_app() -> Flask:
    """Replies with the same words before it answers the webhook."""
    handler = WebhookHandler(os.environ["LINE_CHANNEL_SECRET"])
    token, host = os.environ["LINE_CHANNEL_ACCESS_TOKEN"], os.environ["LINE_API_BASE_URL"]
    api = MessagingApi(ApiClient(Configuration(access_token=token, host=host)))

    @handler.add(MessageEvent, message=TextMessageContent)
    def echo(event: MessageEvent) -> None:
        message = TextMessage(text=event.message.text)  # type: ignore
        api.reply_message(ReplyMessageRequest(replyToken=event.reply_token, messages=[message]))  # type: ignore

    return _app(handler)
