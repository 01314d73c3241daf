"""The way in and out, one's own password, and the people of the desk."""

from collections.abc import Callable
from io import BytesIO

import segno
from flask import abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user

from .. import clock
from ..db import db
from ..mail import delivery
from ..mail.models import AWAITED
from ..refusals import Refusal
from ..web import anyone, column, desk, limiter, now, only, private
from ..work import wake
from . import mailed_keys, passwords, people, second_factor, sign_ins
from .forms import (
    ROLE_NAMES,
    ButtonForm,
    CodeForm,
    ForgottenForm,
    MailsForm,
    NewPasswordForm,
    OwnPasswordForm,
    PasswordForm,
    PersonForm,
    RoleForm,
    SignInForm,
)
from .models import MailedKey, Person
from .signing_in import WrongNameOrPassword
from .signing_in import sign_in as signed_in

bp = desk("accounts", "")

MINUTES_FOR_THE_CODE = 10
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
    if person.has_second_factor:
        db.session.commit()
        session["half_way"] = {"key": person.session_key, "at": clock.now().timestamp(), "goal": form.goal.data or ""}
        return redirect(url_for(".code"), 303)
    return _come_in(person, form.goal.data)


@bp.get("/login/code")
@anyone
def code() -> ResponseReturnValue:
    if _half_way() is None:
        return redirect(url_for(".sign_in"), 303)
    return render_template("desk/code.html", form=CodeForm())


@bp.post("/login/code")
@anyone
@limiter.limit("5/minute;20/hour", key_func=lambda: session.get("half_way", {}).get("key") or request.remote_addr or "")
def try_the_code() -> ResponseReturnValue:
    person, form = _half_way(), CodeForm()
    if person is None:
        flash(_("That took too long. Please sign in once more."), "error")
        return redirect(url_for(".sign_in"), 303)
    if form.validate_on_submit():
        try:
            second_factor.check(db.session(), person, form.code.data, now=clock.now())
        except second_factor.WrongCode as refusal:
            form.code.errors = [_(refusal.sentence)]
        else:
            return _come_in(person, session.pop("half_way")["goal"])
    return render_template("desk/code.html", form=form), 422


def _half_way() -> Person | None:
    """Who gave the right password in this browser some minutes ago, and owes the code."""
    half_way = session.get("half_way")
    if not half_way or clock.now().timestamp() - half_way["at"] > MINUTES_FOR_THE_CODE * 60:
        return None
    return people.by_session_key(db.session(), half_way["key"])


def _come_in(person: Person, goal: str | None) -> ResponseReturnValue:
    session["sign_in"] = sign_ins.begin(db.session(), person, request.user_agent.string, now=clock.now())
    db.session.commit()
    login_user(person)
    return redirect(_inside(goal), 303)


@bp.post("/logout")
@only("writer", "moderator", "editor")
def sign_out() -> ResponseReturnValue:
    sign_ins.end_by_key(db.session(), session.pop("sign_in", ""))
    db.session.commit()
    logout_user()
    return redirect(url_for(".sign_in"), 303)


# A forgotten password, an invitation


@bp.get("/forgotten")
@anyone
def forgotten() -> ResponseReturnValue:
    return render_template("desk/forgotten.html", form=ForgottenForm(), asked=False)


@bp.post("/forgotten")
@anyone
@limiter.limit("20/hour", key_func=lambda: request.remote_addr or "unknown")
@limiter.limit("5/hour", key_func=lambda: people.email_key(request.form.get("email", ""))[:254] or "nobody")
def ask_for_a_key() -> ResponseReturnValue:
    """The same answer for every address: nobody learns here who is at the desk."""
    form = ForgottenForm()
    if not form.validate_on_submit():
        return render_template("desk/forgotten.html", form=form, asked=False), 422
    person = people.by_email(db.session(), form.email.data)
    if person is not None and person.is_active:
        _mail_a_key(mailed_keys.reset(db.session(), person, now=clock.now()))
    return render_template("desk/forgotten.html", form=form, asked=True)


@bp.route("/key/<token>", methods=["GET", "POST"])
@anyone
def use_key(token: str) -> ResponseReturnValue:
    form = NewPasswordForm()
    try:
        person = mailed_keys.holder(db.session(), token, now=clock.now())
        if form.validate_on_submit():
            mailed_keys.use(db.session(), token, form.new.data, now=clock.now())
            db.session.commit()
            flash(_("Your password is set. Sign in with it."), "done")
            return redirect(url_for(".sign_in"), 303)
    except mailed_keys.KeyIsSpent as refusal:
        flash(_(refusal.sentence), "error")
        return redirect(url_for(".forgotten"), 303)
    return private(render_template("desk/key.html", form=form, person=person), 422 if form.errors else 200)


def _mail_a_key(key: MailedKey) -> None:
    delivery.put(db.session(), key.purpose, about_id=key.id, once=f"key {key.id}", urgency=AWAITED, now=clock.now())
    db.session.commit()
    wake(current_app)


# Oneself


@bp.route("/you", methods=["GET", "POST"])
@only("writer", "moderator", "editor")
def you() -> ResponseReturnValue:
    form = MailsForm(obj=current_user)
    if form.validate_on_submit():
        current_user.hears_of_empty_slots = form.hears_of_empty_slots.data
        current_user.hears_of_queue = form.hears_of_queue.data
        db.session.commit()
        flash(_("Saved."), "done")
        return redirect(url_for(".you"), 303)
    return render_template(
        "desk/you.html",
        form=form,
        role=ROLE_NAMES[current_user.role],
        sign_ins=sign_ins.of_person(db.session(), current_user, now=now()),
        this_key=session.get("sign_in"),
        codes_left=second_factor.paper_codes_left(db.session(), current_user),
    )


@bp.post("/you/sign-ins/<int:sign_in_id>/end")
@only("writer", "moderator", "editor")
def end_sign_in(sign_in_id: int) -> ResponseReturnValue:
    sign_ins.end(db.session(), current_user, sign_in_id)
    db.session.commit()
    flash(_("Signed out there."), "done")
    return redirect(url_for(".you"), 303)


@bp.post("/you/sign-ins/end")
@only("writer", "moderator", "editor")
def end_other_sign_ins() -> ResponseReturnValue:
    sign_ins.end_others(db.session(), current_user, session.get("sign_in", ""))
    db.session.commit()
    flash(_("Signed out everywhere but here."), "done")
    return redirect(url_for(".you"), 303)


@bp.get("/you/second-factor")
@only("writer", "moderator", "editor")
def factor() -> ResponseReturnValue:
    return render_template("desk/second_factor.html", form=CodeForm(), secret=_in_fours(current_user.totp_secret))


@bp.post("/you/second-factor")
@only("writer", "moderator", "editor")
def prepare_factor() -> ResponseReturnValue:
    second_factor.prepare(db.session(), current_user)
    db.session.commit()
    return redirect(url_for(".factor"), 303)


@bp.get("/you/second-factor.svg")
@only("writer", "moderator", "editor")
def factor_picture() -> ResponseReturnValue:
    """The key as a picture for the app; made here, and sent nowhere else."""
    if current_user.has_second_factor or not current_user.totp_secret:
        return redirect(url_for(".factor"), 303)
    picture = BytesIO()
    code = segno.make(second_factor.address(current_user, column().title), error="m")
    code.save(picture, kind="svg", scale=5, border=4, light="#fff", xmldecl=False)
    return picture.getvalue(), {"Content-Type": "image/svg+xml"}


@bp.post("/you/second-factor/confirmation")
@only("writer", "moderator", "editor")
@limiter.limit("10/minute", key_func=lambda: current_user.get_id())
def confirm_factor() -> ResponseReturnValue:
    form = CodeForm()
    if form.validate_on_submit():
        try:
            codes = second_factor.confirm(db.session(), current_user, form.code.data, now=clock.now())
        except second_factor.WrongCode as refusal:
            form.code.errors = [_(refusal.sentence)]
        else:
            db.session.commit()
            return render_template("desk/paper_codes.html", codes=codes)
    return render_template("desk/second_factor.html", form=form, secret=_in_fours(current_user.totp_secret)), 422


@bp.route("/you/second-factor/end", methods=["GET", "POST"])
@only("writer", "moderator", "editor")
@limiter.limit("10/minute", key_func=lambda: current_user.get_id(), methods=["POST"])
def end_factor() -> ResponseReturnValue:
    return _with_password("end", lambda: second_factor.take_off(db.session(), current_user))


@bp.route("/you/second-factor/codes", methods=["GET", "POST"])
@only("writer", "moderator", "editor")
@limiter.limit("10/minute", key_func=lambda: current_user.get_id(), methods=["POST"])
def renew_paper_codes() -> ResponseReturnValue:
    return _with_password("codes", lambda: second_factor.new_paper_codes(db.session(), current_user))


def _with_password(what: str, do: Callable[[], list[str] | None]) -> ResponseReturnValue:
    """What only the owner may do, not whoever finds the browser open."""
    form = OwnPasswordForm()
    if not current_user.has_second_factor:
        return redirect(url_for(".factor"), 303)
    if form.validate_on_submit():
        if passwords.matches(form.old.data, current_user.password_hash):
            codes = do()
            db.session.commit()
            if codes:
                return render_template("desk/paper_codes.html", codes=codes)
            flash(_("No code is asked for any more."), "done")
            return redirect(url_for(".you"), 303)
        form.old.errors = [_("This is not your present password.")]
    return render_template("desk/own_password.html", form=form, what=what), 422 if form.errors else 200


def _in_fours(secret: str) -> str:
    return " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))


@bp.route("/password", methods=["GET", "POST"])
@only("writer", "moderator", "editor")
def password() -> ResponseReturnValue:
    form = PasswordForm()
    if form.validate_on_submit():
        if passwords.matches(form.old.data, current_user.password_hash):
            people.set_password(db.session(), current_user, form.new.data)
            session["sign_in"] = sign_ins.begin(db.session(), current_user, request.user_agent.string, now=clock.now())
            db.session.commit()
            login_user(current_user)
            flash(_("Your password is changed. You were signed out everywhere else."), "done")
            return redirect(url_for(".you"), 303)
        form.old.errors = [_("This is not your present password.")]
    return render_template("desk/password.html", form=form), 422 if form.errors else 200


# The others


@bp.route("/people", methods=["GET", "POST"])
@only("editor")
def everyone() -> ResponseReturnValue:
    form = PersonForm()
    if form.validate_on_submit():
        try:
            person = people.invite(
                db.session(), email=form.email.data, name=form.name.data, role=form.role.data, now=clock.now()
            )
        except people.AddressTaken as refusal:
            form.email.errors = [_(refusal.sentence)]
        else:
            _mail_a_key(mailed_keys.invitation(db.session(), person, now=clock.now()))
            flash(_("The invitation is on its way to %(email)s.", email=person.email), "done")
            return redirect(url_for(".everyone"), 303)
    page = render_template(
        "desk/people.html", people=people.everyone(db.session()), form=form, buttons=ButtonForm(), role_form=RoleForm
    )
    return page, 422 if form.errors else 200


@bp.post("/people/<int:person_id>/invitation")
@only("editor")
def invite_again(person_id: int) -> ResponseReturnValue:
    person = db.session.get(Person, person_id) or abort(404)
    if person.has_come or not person.is_active:
        abort(409)
    _mail_a_key(mailed_keys.invitation(db.session(), person, now=clock.now()))
    flash(_("The invitation is on its way to %(email)s.", email=person.email), "done")
    return redirect(url_for(".everyone"), 303)


@bp.post("/people/<int:person_id>/second-factor")
@only("editor")
def take_off_factor(person_id: int) -> ResponseReturnValue:
    return _changed(lambda person: second_factor.take_off(db.session(), person), person_id)


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
