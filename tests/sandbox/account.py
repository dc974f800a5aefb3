"""A Stripe account as the product holds one: the real SDK towards the sandbox, and by hand what is wrong."""

from typing import Any

import requests
import stripe
from stripe import StripeClient

from tests.support.sandbox import Sandbox

GOOD, ALWAYS_ASKS = "4242424242424242", "4000002760003184"
RETURN = "http://shop.example/back?cs={CHECKOUT_SESSION_ID}"


class Account:
    """One account; `sdk` is the real client, `send` takes any bytes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        env = sandbox.product_env()
        self.key, self.secret = env["STRIPE_SECRET_KEY"], env["STRIPE_WEBHOOK_SECRET"]
        self.sdk = StripeClient(self.key, base_addresses={"api": sandbox.url}, max_network_retries=0).v1

    def customer(self) -> str:
        """Make a customer; its id."""
        return self.sdk.customers.create({"name": "Lantern Coffee", "metadata": {"customer": "cus_1"}}).id

    def setup(self, customer: str | None = None, **more: Any) -> stripe.checkout.Session:
        """Open a Checkout Session that stores a card."""
        given: Any = {
            "mode": "setup",
            "customer": customer or self.customer(),
            "allowed_payment_method_types": ["card"],
            "client_reference_id": "pm_ours",
            "success_url": RETURN,
            "cancel_url": "http://shop.example/methods",
        }
        return self.sdk.checkout.sessions.create(given | more)

    def pay(self, amount: int = 300, **more: Any) -> stripe.checkout.Session:
        """Open a Checkout Session that takes a payment."""
        price = {"currency": "gbp", "unit_amount": amount, "product_data": {"name": "Directory listing"}}
        given: Any = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": RETURN,
            "payment_intent_data": {"metadata": {"order_number": "SH1"}},
        }
        return self.sdk.checkout.sessions.create(given | more)

    def stored(self, number: str = GOOD) -> tuple[str, str]:
        """Store a card; its customer and the payment method."""
        session = self.setup()
        self.sandbox.checkout(str(session.url), number)
        intent = self.sdk.setup_intents.retrieve(str(session.setup_intent))
        assert intent.status == "succeeded"
        return str(session.customer), str(intent.payment_method)

    def charge(
        self, customer: str, method: str, amount: int = 300, key: str | None = None, **more: Any
    ) -> stripe.PaymentIntent:
        """Charge a stored card without its holder."""
        given: Any = {
            "amount": amount,
            "currency": "gbp",
            "customer": customer,
            "payment_method": method,
            "off_session": True,
            "confirm": True,
            "metadata": {"order_number": "SH1"},
        }
        sent: Any = {name: value for name, value in (given | more).items() if value is not None}
        return self.sdk.payment_intents.create(sent, {"idempotency_key": key} if key else {})

    def send(
        self, path: str, body: bytes | None = b"", method: str = "POST", **headers: str | None
    ) -> requests.Response:
        """Send exactly this; a header of None is left out."""
        usual: dict[str, str | None] = {
            "Authorization": f"Bearer {self.key}",
            "Stripe-Version": stripe.api_version,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        kept = {name.replace("_", "-"): text for name, text in (usual | headers).items()}
        sent = {name: text for name, text in kept.items() if text is not None}
        return requests.request(method, f"{self.sandbox.url}/v1/{path}", data=body, headers=sent, timeout=20)
