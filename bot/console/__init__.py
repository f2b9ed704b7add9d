"""Owns the staff's pages, drawn on the server, usable without JavaScript and live with it.

A page family is one module here and one folder in templates/. It gives a function `routes(*, ...)` with the services
that it needs, whose addresses begin after "/console"; bot.app hands them to `frame.application(pages=[...])`.

    async def show(self, request: web.Request) -> web.Response:
        require(request, Deed.READ, subject)                    # 404, or 403 for what may be read but not done
        who = reader(request)                                   # access.Reader: role, id, employer
        return page(request, "sites/list.html", sites=sites)    # `fragment="rows"` draws one block alone for htmx

    async def save(self, request: web.Request) -> web.Response:
        _ = words(request)
        form = await read_form(request, NewSite)                # a pydantic model
        if form.model is None:
            return page(request, "sites/edit.html", status=422, form=form)
        ...
        return see_other("/console/sites", _("Saved."), request=request)

Every POST carries the session's CSRF token: `{{ parts.csrf() }}` in a form, and by itself in what htmx sends. Texts go
through `_("...")` and `ngettext("{n} person", "{n} people", n)` in templates and `words(request)` in Python; a text
named elsewhere is marked with `N_`. Times are written by `{{ at | when(site.timezone) }}`.
"""
