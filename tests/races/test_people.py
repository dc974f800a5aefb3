"""What several people, or one with several windows, do to accounts and teams in the same moment."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.identity import links, queries, registration, second_factor, team, throttle
from portal.identity.errors import LinkExpired, TooManyAttempts
from portal.identity.links import Purpose
from portal.identity.models import User
from portal.identity.permissions import Role
from portal.kit.db import db
from tests.identity.people import NOW, PASSWORD, SECRET_KEY, join, make_business, make_user
from tests.support.races import Race, count, dropped, rewritten, unlocked

Prove = Callable[[Race[Any]], list[object]]
Saw = Callable[[str], None]
REMINDED = registration.ALREADY_REGISTERED
ANN, BOB = "ann@team.example", "bob@team.example"
LAST_OWNER = dropped("DROP TRIGGER team_members_last_owner ON team_members")


def two_owners() -> UUID:
    """A business that Ann and Bob own together."""
    ann = make_user(ANN)
    business = make_business(ann)
    join(business, ann, make_user(BOB), Role.OWNER)
    return business.id


def has_one_owner(*_: object) -> bool:
    return count("team_members WHERE role = 'owner'") == 1


def test_two_owners_demote_each_other(prove: Prove, saw: Saw) -> None:
    def demote(business_id: UUID, mail: str, by: str) -> None:
        member = next(row for row in queries.list_members(business_id) if row.user.email == mail)
        team.change_role(member, Role.VIEWER, False, queries.get_user_of(by), NOW)

    race = Race(
        prepare=two_owners,
        works=lambda key: [lambda: demote(key, ANN, BOB), lambda: demote(key, BOB, ANN)],
        act="UPDATE team_members",
        guards=[unlocked("team_members"), LAST_OWNER],
        holds=has_one_owner,
    )
    prove(race)
    saw("one owner is left")


def test_the_database_alone_keeps_the_last_owner(prove: Prove) -> None:
    demote = text("UPDATE team_members SET role = 'viewer' WHERE user_id = (SELECT id FROM users WHERE email = :mail)")
    race = Race(
        prepare=two_owners,
        works=lambda _: [lambda mail=mail: db.execute(demote, {"mail": mail}) and None for mail in (ANN, BOB)],
        act="UPDATE team_members",
        guards=[LAST_OWNER],
        holds=has_one_owner,
        refusals=(IntegrityError,),
    )
    prove(race)


def test_one_address_becomes_one_account(prove: Prove, saw: Saw) -> None:
    race = Race(
        prepare=lambda: None,
        works=lambda _: [lambda: registration.register("Ann", ANN, PASSWORD, "en", NOW) is not None] * 8,
        act="INSERT INTO users",
        guards=[dropped("ALTER TABLE users DROP CONSTRAINT users_email_key")],
        holds=lambda _, outcomes: (
            outcomes.count(True) == count("users") == count(f"domain_events WHERE name = '{REMINDED}'") == 1
        ),
    )
    prove(race)
    saw("8 registrations: one account, and one letter to whom it belongs")


def test_a_link_is_used_once(prove: Prove, saw: Saw) -> None:
    def prepare() -> str:
        return links.mint_link_token(links.want(make_user(ANN), Purpose.VERIFY_EMAIL, NOW), NOW)

    race = Race(
        prepare=prepare,
        works=lambda token: [lambda: registration.verify_email(token, NOW, NOW).email] * 8,
        act="UPDATE email_tokens",
        guards=[rewritten(r"(UPDATE email_tokens .*?) AND email_tokens\.used_at IS NULL", r"\1")],
        holds=lambda _, outcomes: (
            outcomes.count(ANN) == 1 and sum(isinstance(outcome, LinkExpired) for outcome in outcomes) == 7
        ),
    )
    prove(race)
    saw("8 clicks: one counts")


def test_a_code_of_the_device_is_used_once(prove: Prove, saw: Saw) -> None:
    def prepare() -> tuple[UUID, str]:
        user = make_user(ANN)
        return user.id, pyotp.TOTP(second_factor.enrol(user, SECRET_KEY).secret).at(NOW)

    race = Race(
        prepare=prepare,
        works=lambda made: [lambda: second_factor.use_code(db.get_one(User, made[0]), made[1], SECRET_KEY, NOW)] * 8,
        act="UPDATE users SET totp_last_step",
        guards=[
            rewritten(r"(UPDATE users SET totp_last_step.*?) AND \(.*?\)(?= RETURNING)", r"\1"),
            dropped("DROP TRIGGER users_totp_forward ON users"),
        ],
        holds=lambda _, outcomes: outcomes.count(True) == 1,
    )
    prove(race)
    saw("8 log-ins with one code: one is let in")


def test_inviting_twice_invites_once(prove: Prove) -> None:
    def invite(business_id: UUID) -> None:
        team.invite(business_id, "Olives", BOB, Role.VIEWER, False, queries.get_user_of(ANN), NOW)

    race = Race(
        prepare=lambda: make_business(make_user(ANN)).id,
        works=lambda business_id: [lambda: invite(business_id)] * 6,
        act="INSERT INTO team_invitations",
        guards=[dropped("DROP INDEX team_invitations_open_idx")],
        holds=lambda *_: count("team_invitations WHERE withdrawn_at IS NULL") == 1,
    )
    prove(race)


def test_an_invitation_gives_one_seat(prove: Prove) -> None:
    def prepare() -> tuple[str, UUID]:
        ann, bob = make_user(ANN), make_user(BOB)
        business = make_business(ann)
        team.invite(business.id, business.name, BOB, Role.VIEWER, False, ann, NOW)
        return links.mint_link_token(queries.list_open_invitations(business.id)[0].id, NOW), bob.id

    race = Race(
        prepare=prepare,
        works=lambda made: [lambda: team.accept(made[0], db.get_one(User, made[1]), NOW, NOW).role] * 6,
        act="UPDATE team_invitations",
        guards=[
            rewritten(r"(UPDATE team_invitations SET accepted_at.*?) AND .*?(?= RETURNING)", r"\1"),
            dropped("ALTER TABLE team_members DROP CONSTRAINT team_members_business_id_user_id_key CASCADE"),
        ],
        holds=lambda _, outcomes: outcomes.count(Role.VIEWER) == count("team_members WHERE role = 'viewer'") == 1,
    )
    prove(race)


def test_g6_guesses_at_the_same_moment_are_all_counted(prove: Prove, saw: Saw) -> None:
    race = Race(
        prepare=lambda: None,
        works=lambda _: [lambda: throttle.count_attempt(ANN, "203.0.113.1", NOW)] * 16,
        act="UPDATE login_attempts",
        guards=[unlocked("login_attempts")],
        holds=lambda _, outcomes: (
            outcomes.count(None) == throttle.FREE_FAILURES
            and sum(isinstance(outcome, TooManyAttempts) for outcome in outcomes) == 16 - throttle.FREE_FAILURES
        ),
    )
    outcomes = prove(race)
    saw(f"16 guesses at once: {outcomes.count(None)} tried, {16 - outcomes.count(None)} × 429")
