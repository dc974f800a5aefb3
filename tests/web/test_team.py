"""The team's pages, opened by everybody who may and may not."""

import pytest

from portal.identity import links, queries
from portal.identity.permissions import Role
from portal.kit import clock, edge
from tests.identity.people import PASSWORD, events, join, make_business, make_user

ROLES = {"olive": Role.OWNER, "mona": Role.MANAGER, "vic": Role.VIEWER}


@pytest.fixture
def shop(app):
    """A business with an owner, a manager and a viewer, and somebody who has nothing to do with it."""

    def build():
        owner = make_user("olive@team.example", is_verified=True, now=edge.now())
        business = make_business(owner, now=edge.now())
        for name in ("mona", "vic"):
            join(business, owner, make_user(f"{name}@team.example"), ROLES[name])
        make_business(make_user("eve@other.example"), "Eve's Eggs")
        return business.public_id, business.id

    return edge.write(build)


@pytest.fixture
def address(shop):
    return f"/businesses/{shop[0]}/team"


@pytest.fixture
def visitor(app):
    def of(email):
        client = app.test_client()
        if email:
            client.post("/login", data={"email": email, "password": PASSWORD})
        return client

    return of


def member_of(shop, name):
    return edge.write(
        lambda: next(row for row in queries.list_members(shop[1]) if row.user.email.startswith(name)).public_id
    )


def invited(shop, email="bob@team.example"):
    """The token of the open invitation of this address."""

    def mint():
        rows = queries.list_open_invitations(shop[1])
        return links.mint_link_token(next(row.id for row in rows if row.email == email), clock.wall())

    return edge.write(mint)


VISITORS = [(None, 302), ("eve@other.example", 404), ("vic@team.example", 200), ("olive@team.example", 200)]


@pytest.mark.parametrize(("email", "status"), VISITORS)
def test_who_sees_the_team(visitor, address, email, status):
    answer = visitor(email).get(address)

    assert answer.status_code == status
    assert ("mona@team.example" in answer.text) is (status == 200)


WRITERS = [(None, 303), ("eve@other.example", 404), ("vic@team.example", 403), ("mona@team.example", 403)]


@pytest.mark.parametrize(("email", "status"), WRITERS)
@pytest.mark.parametrize("path", ["", "/{member}", "/{member}/remove", "/invitations/invite_x/withdraw"])
def test_only_owners_change_the_team(visitor, shop, address, email, status, path):
    member = member_of(shop, "vic")
    answer = visitor(email).post(
        address + path.format(member=member), data={"email": "bob@team.example", "role": "owner"}
    )

    assert answer.status_code == status
    assert events("identity.team_invited")[2:] == []
    assert {row.role for row in edge.write(lambda: queries.list_members(shop[1]))} == set(ROLES.values())


@pytest.mark.parametrize(("email", "status"), [(None, 302), ("eve@other.example", 404), ("vic@team.example", 403)])
def test_who_sees_a_member_s_page(visitor, shop, address, email, status):
    assert visitor(email).get(f"{address}/{member_of(shop, 'mona')}").status_code == status


def test_the_short_address_leads_to_the_business_last_opened(visitor, address):
    assert visitor("olive@team.example").get("/team").location == address
    assert visitor(None).get("/team").status_code == 302


def test_inviting_and_joining(visitor, shop, address):
    owner = visitor("olive@team.example")
    assert owner.post(address, data={"email": "bob@team.example", "role": "manager"}).status_code == 303
    assert "bob@team.example" in owner.get(address).text
    edge.write(lambda: make_user("bob@team.example"))
    path = f"/invitations/{invited(shop)}"

    stranger = visitor(None).get(path)
    assert (stranger.status_code, "/register?next=" in stranger.text) == (200, True)
    assert visitor(None).post(path).location == "/login"
    assert "another address" in visitor("vic@team.example").get(path).text
    assert visitor("vic@team.example").post(path).status_code == 403
    bob = visitor("bob@team.example")
    assert "Join the team" in bob.get(path).text
    assert bob.post(path).location == "/dashboard"
    assert bob.get(address).status_code == 200
    assert bob.post(path).status_code == 410


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"email": "nonsense", "role": "viewer"}, 422),
        ({"email": "bob@team.example", "role": "king"}, 422),
        ({"email": ["bob@team.example", "x@team.example"], "role": "viewer"}, 422),
        ({"email": "mona@team.example", "role": "viewer"}, 409),
    ],
)
def test_bad_invitations_are_refused_at_their_field(visitor, shop, address, form, status):
    answer = visitor("olive@team.example").post(address, data=form)

    assert answer.status_code == status
    assert 'id="form-errors"' in answer.text


def test_withdrawing(visitor, shop, address):
    owner = visitor("olive@team.example")
    owner.post(address, data={"email": "bob@team.example", "role": "viewer"})
    token = invited(shop)
    [row] = edge.write(lambda: queries.list_open_invitations(shop[1]))
    owner.post(f"{address}/invitations/{row.public_id}/withdraw")

    assert visitor(None).get(f"/invitations/{token}").status_code == 410


def test_changing_and_removing(visitor, shop, address):
    owner, mona, vic = (visitor(f"{name}@team.example") for name in ROLES)
    page = f"{address}/{member_of(shop, 'vic')}"
    assert owner.get(page).status_code == 200
    assert owner.post(page, data={"role": "owner"}).status_code == 303
    assert vic.post(f"{address}/{member_of(shop, 'mona')}/remove").status_code == 303
    assert mona.get(address).status_code == 404
    assert owner.get(f"{address}/mem_unknown").status_code == 404


def test_the_last_owner_stays(visitor, shop, address):
    owner, page = visitor("olive@team.example"), f"{address}/{member_of(shop, 'olive')}"

    assert owner.post(page, data={"role": "viewer"}).status_code == 409
    assert owner.post(f"{page}/remove").status_code == 409
    assert owner.get(address).status_code == 200


def test_a_role_is_never_guessed(visitor, shop, address):
    owner = visitor("olive@team.example")

    assert owner.post(f"{address}/{member_of(shop, 'mona')}", data={"may_spend": "y"}).status_code == 422
    assert owner.post(address, data={"email": "new@team.example"}).status_code == 422
    assert edge.write(lambda: queries.get_member(shop[1], member_of(shop, "mona"))).role == Role.MANAGER
