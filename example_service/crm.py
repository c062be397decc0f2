"""Data to read and a warehouse to write it to: a paged list of contacts, companies, ratings, sales."""

from typing import Any

from example_service.messages import Request, Routes, json_response
from example_service.shop import accepted

CONTACTS = 1_000
_COUNTRIES = ("DE", "FR", "PT", "US")
_LEADS = 40
_ORDERS = 5
_MAX_PAGE = 500


def _contact(number: int) -> dict[str, Any]:
    """A contact. Every hundredth has no usable address."""
    email = "unknown" if number % 100 == 0 else f"contact-{number}@example.com"
    return {"id": number, "name": f"Contact {number}", "email": email, "country": _COUNTRIES[number % 4]}


def _contacts(request: Request) -> bytes:
    """A page of a thousand contacts: `{items, total, next}`, `next` being the address of the next page or null."""
    page, size = int(request.argument("page", "1")), int(request.argument("size", "100"))
    if page < 1 or not 1 <= size <= _MAX_PAGE:
        raise ValueError(f"pages begin with 1 and have 1 to {_MAX_PAGE} contacts")
    first = (page - 1) * size
    items = [_contact(number) for number in range(first + 1, min(first + size, CONTACTS) + 1)]
    more = f"/contacts?page={page + 1}&size={size}" if first + size < CONTACTS else None
    return json_response(200, {"items": items, "total": CONTACTS, "next": more})


def _put_row(request: Request) -> bytes:
    """Stores a row of a table under its key; the same again changes nothing."""
    table, key = request.segment(1), request.segment(2)
    request.service.store(f"warehouse {table}", key, request.content())
    return json_response(200, {"table": table, "key": key})


def _rows(request: Request) -> bytes:
    table = request.segment(1)
    return json_response(200, {"table": table, "rows": len(request.service.tables[f"warehouse {table}"])})


def _leads(_: Request) -> bytes:
    return json_response(200, [{"id": number, "company": f"company-{number}"} for number in range(1, _LEADS + 1)])


def _number(company: str) -> int:
    return int(company.rpartition("-")[2])


def _company(request: Request) -> bytes:
    """A company. Every tenth is unknown."""
    name = request.segment(1)
    number = _number(name)
    if number % 10 == 0:
        return json_response(404, {"error": f"nobody knows {name}"})
    return json_response(200, {"name": name, "employees": number * 25, "country": _COUNTRIES[number % 4]})


def _rating(request: Request) -> bytes:
    """A company's rating. Every fourth company has never been rated."""
    name = request.segment(1)
    number = _number(name)
    if number % 4 == 0:
        return json_response(404, {"error": f"{name} has no rating"})
    return json_response(200, {"name": name, "rating": "ABC"[number % 3]})


def _sales(request: Request) -> bytes:
    """Five orders of a region; the longer its name, the more was sold."""
    region = request.segment(1)
    orders = [{"id": f"{region}-{n}", "amount": 100 * n + 10 * len(region)} for n in range(1, _ORDERS + 1)]
    return json_response(200, {"region": region, "orders": orders})


CRM: Routes = {
    ("GET", "contacts"): _contacts,
    ("PUT", "warehouse"): _put_row,
    ("GET", "warehouse"): _rows,
    ("GET", "leads"): _leads,
    ("GET", "companies"): _company,
    ("GET", "ratings"): _rating,
    ("GET", "sales"): _sales,
    ("POST", "reports"): accepted("report"),
}
