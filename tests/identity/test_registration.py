"""Registering tells nobody who is registered; a link proves an address once."""

from datetime import timedelta
from itertools import pairwise

import pytest

from portal.identity import links, queries, registration
from portal.identity.errors import LinkExpired
from portal.identity.links import Purpose
from portal.kit.errors import Invalid
from tests.identity.people import NOW, PASSWORD, events, make_user

pytestmark = pytest.mark.usefixtures("db")


def test_registering_asks_for_the_address_to_be_proved():
    user = registration.register("Ann", " Ann@Bücher.example ", PASSWORD, "zh", NOW)

    assert user.email == "ann@xn--bcher-kva.example"
    [event] = events(registration.EMAIL_VERIFICATION_WANTED)
    assert event.subject == user.public_id
    assert {"to": user.email, "locale": "zh", "name": "Ann"}.items() <= event.facts.items()
    assert user.verified_at is None


def test_a_known_address_is_told_by_mail_only():
    known = make_user("ann@shop.example")

    assert registration.register("Eve", "ANN@shop.example", "another password", "en", NOW) is None
    assert known.name == "Ann"
    assert [event.subject for event in events(registration.ALREADY_REGISTERED)] == [known.public_id]


def test_a_stranger_cannot_fill_a_mailbox_by_registering_it():
    make_user("ann@shop.example")
    for minute in range(0, 24 * 60, 10):
        registration.register("Eve", "ann@shop.example", PASSWORD, "en", NOW + timedelta(minutes=minute))

    assert len(events(registration.ALREADY_REGISTERED)) == 24


def test_a_stranger_cannot_fill_a_mailbox_with_links():
    user = make_user("ann@shop.example")
    wanted = [links.want(user, Purpose.RESET_PASSWORD, NOW + timedelta(minutes=minute)) for minute in range(24 * 60)]

    times = [minute for minute, link in enumerate(wanted) if link]
    assert times[:6] == [0, 1, 3, 7, 15, 31]
    assert len(times) <= 30
    assert max(later - time for time, later in pairwise(times)) == 60


@pytest.mark.parametrize("address", ["", "ann", "ann@", "ann@localhost", "a b@shop.example", "ünn@shop.example"])
def test_what_is_no_address_is_refused_at_its_field(address):
    with pytest.raises(Invalid) as refused:
        registration.register("Ann", address, PASSWORD, "en", NOW)
    assert "email" in refused.value.fields


@pytest.mark.parametrize("password", ["", "123456789", "x" * 201])
def test_passwords_too_short_or_too_long_are_refused(password):
    with pytest.raises(Invalid) as refused:
        registration.register("Ann", "ann@shop.example", password, "en", NOW)
    assert "password" in refused.value.fields


def minted(user, purpose=Purpose.VERIFY_EMAIL, wall=NOW):
    return links.mint_link_token(links.want(user, purpose, NOW), wall)


def test_a_link_proves_the_address_once():
    user = make_user()
    token = minted(user)

    assert registration.verify_email(token, NOW, NOW).verified_at == NOW
    with pytest.raises(LinkExpired):
        registration.verify_email(token, NOW, NOW)


def test_a_mail_written_again_bears_the_link_of_the_first():
    user = make_user()
    link_id = links.want(user, Purpose.VERIFY_EMAIL, NOW)
    first, again = links.mint_link_token(link_id, NOW), links.mint_link_token(link_id, NOW + timedelta(minutes=1))

    assert first == again
    assert minted(user, Purpose.RESET_PASSWORD) != first
    assert registration.verify_email(first, NOW, NOW) is user


def test_looking_at_a_link_does_not_use_it_up():
    user = make_user()
    token = minted(user)

    assert links.find_holder(token, Purpose.VERIFY_EMAIL, NOW) is user
    assert links.find_holder(token, Purpose.VERIFY_EMAIL, NOW) is user


def test_a_link_lasts_48_hours_from_its_mail():
    token = minted(make_user())

    assert links.find_holder(token, Purpose.VERIFY_EMAIL, NOW + timedelta(hours=47, minutes=59))
    with pytest.raises(LinkExpired):
        registration.verify_email(token, NOW, NOW + timedelta(hours=48))


def test_a_link_is_good_for_its_purpose_only():
    token = minted(make_user(), Purpose.RESET_PASSWORD)

    with pytest.raises(LinkExpired):
        registration.verify_email(token, NOW, NOW)


def test_asking_again_at_once_sends_nothing_and_a_proved_address_needs_nothing():
    user = make_user()
    registration.want_verification(user, NOW)
    registration.want_verification(user, NOW + timedelta(seconds=30))
    assert len(events(registration.EMAIL_VERIFICATION_WANTED)) == 1

    registration.want_verification(user, NOW + timedelta(minutes=2))
    assert len(events(registration.EMAIL_VERIFICATION_WANTED)) == 2

    user.verified_at = NOW
    registration.want_verification(user, NOW + timedelta(minutes=9))
    assert len(events(registration.EMAIL_VERIFICATION_WANTED)) == 2


def test_proving_uses_up_the_other_links_too():
    user = make_user()
    first = minted(user)
    second = links.mint_link_token(links.want(user, Purpose.VERIFY_EMAIL, NOW + timedelta(minutes=2)), NOW)
    registration.verify_email(second, NOW, NOW)

    with pytest.raises(LinkExpired):
        registration.verify_email(first, NOW, NOW)


def test_changed_details_fall_back_to_english():
    user = make_user()
    registration.change_details(user, "Anna", "xx")

    assert (user.name, user.locale) == ("Anna", "en")
    assert queries.find_user("ann@shop.example") is user
