from decimal import Decimal

from flask import redirect, request, url_for
from sqlalchemy import text

from portal.kit import typed
from portal.kit.db import db
from portal.web import access

# ruleid: numbers-are-parsed-strictly
page = int(request.args["page"])
# ruleid: numbers-are-parsed-strictly
amount = Decimal(request.form.get("amount", "0").strip())
# ruleid: numbers-are-parsed-strictly
size = request.args.get("size", 20, type=int)
# ok: numbers-are-parsed-strictly
price = typed.minor_units(request.form["price"], "GBP")

# ruleid: sql-is-a-constant
db.execute(text(f"SELECT * FROM businesses ORDER BY {request.args['by']}"))
# ruleid: sql-is-a-constant
db.execute(text("SELECT * FROM businesses WHERE name = '%s'" % page))
# ok: sql-is-a-constant
db.execute(text("SELECT * FROM businesses WHERE name = :name"), {"name": page})


def after_log_in():
    # ruleid: redirects-stay-here
    return redirect(request.args.get("next", "/"))


def after_log_in_here():
    # ok: redirects-stay-here
    return redirect(access.local_path(request.args.get("next")) or "/")


# ruleid: our-address-is-a-setting
link = url_for("reset", token="t", _external=True)
# ruleid: our-address-is-a-setting
other = f"https://{request.host}/reset"
# ruleid: our-address-is-a-setting
who = request.headers.get("X-Forwarded-For", "")
# ok: our-address-is-a-setting
address = request.remote_addr
# ok: our-address-is-a-setting
path = url_for("reset", token="t")
