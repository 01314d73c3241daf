"""The way in and out, one's own password, and the people of the desk."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user

from .. import clock
from ..db import db
from ..refusals import Refusal
from ..web import anyone, desk, limiter, only
from . import passwords, people
from .forms import ButtonForm, PasswordForm, PersonForm, RoleForm, SignInForm
from .models import Person
from .signing_in import WrongNameOrPassword
from .signing_in import sign_in as signed_in

bp = desk("accounts", "")

FIRST_PAGE = {"writer": "letters_desk.letters", "moderator": "comments_desk.queue", "editor": "comments_desk.queue"}


def _who() -> str:
    return f"{request.remote_addr} {people.email_key(request.form.get('email', ''))[:254]}"


@bp.get("/")
@only("writer", "moderator", "editor")
def start() -> ResponseReturnValue:
    return redirect(url_for(FIRST_PAGE[current_user.role]), 303)


@bp.get("/login")
@anyone
def sign_in() -> ResponseReturnValue:
    return render_template("desk/login.html", form=SignInForm(goal=request.args.get("goal", "")))


@bp.post("/login")
@anyone
@limiter.limit("10/minute;100/hour", key_func=lambda: request.remote_addr or "unknown")
@limiter.limit("5/minute;20/hour", key_func=_who)
def try_to_sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("desk/login.html", form=form), 422
    try:
        person = signed_in(db.session(), email=form.email.data, password=form.password.data)
    except WrongNameOrPassword as refusal:
        form.password.errors = [_(refusal.sentence)]
        return render_template("desk/login.html", form=form), 422
    db.session.commit()
    login_user(person)
    return redirect(_inside(form.goal.data), 303)


@bp.post("/logout")
@only("writer", "moderator", "editor")
def sign_out() -> ResponseReturnValue:
    logout_user()
    return redirect(url_for(".sign_in"), 303)


@bp.route("/password", methods=["GET", "POST"])
@only("writer", "moderator", "editor")
def password() -> ResponseReturnValue:
    form = PasswordForm()
    if form.validate_on_submit():
        if passwords.matches(form.old.data, current_user.password_hash):
            people.set_password(db.session(), current_user, form.new.data)
            db.session.commit()
            login_user(current_user)
            flash(_("Your password is changed. You were signed out everywhere else."), "done")
            return redirect(url_for(".start"), 303)
        form.old.errors = [_("This is not your present password.")]
    return render_template("desk/password.html", form=form), 422 if form.errors else 200


@bp.route("/people", methods=["GET", "POST"])
@only("editor")
def everyone() -> ResponseReturnValue:
    form = PersonForm()
    if form.validate_on_submit():
        try:
            people.add(
                db.session(),
                email=form.email.data,
                name=form.name.data,
                role=form.role.data,
                password=form.password.data,
                now=clock.now(),
            )
        except people.AddressTaken as refusal:
            form.email.errors = [_(refusal.sentence)]
        else:
            db.session.commit()
            flash(_("Saved."), "done")
            return redirect(url_for(".everyone"), 303)
    page = render_template(
        "desk/people.html", people=people.everyone(db.session()), form=form, buttons=ButtonForm(), role_form=RoleForm
    )
    return page, 422 if form.errors else 200


@bp.post("/people/<int:person_id>/role")
@only("editor")
def set_role(person_id: int) -> ResponseReturnValue:
    form = RoleForm()
    if not form.validate_on_submit():
        abort(400)
    return _changed(lambda person: people.set_role(db.session(), person, form.role.data), person_id)


@bp.post("/people/<int:person_id>/access")
@only("editor")
def set_access(person_id: int) -> ResponseReturnValue:
    def change(person: Person) -> None:
        if person.left_at is None:
            people.end_access(db.session(), person, now=clock.now())
        else:
            people.reopen_access(db.session(), person)

    return _changed(change, person_id)


def _changed(change, person_id: int) -> ResponseReturnValue:  # type: ignore[no-untyped-def]
    try:
        change(db.session.get(Person, person_id) or abort(404))
    except Refusal as refusal:
        flash(_(refusal.sentence), "error")
    else:
        db.session.commit()
        flash(_("Saved."), "done")
    return redirect(url_for(".everyone"), 303)


def _inside(goal: str | None) -> str:
    """Where to go after signing in: only ever a page of the desk."""
    if goal and goal.startswith("/desk/") and "\\" not in goal and "//" not in goal:
        return goal
    return url_for(".start")
