"""A shop and what surrounds it: stock, customers, payments, shipments, bookings that can be cancelled."""

from example_service.messages import Handler, Request, Routes, json_response

_PAYMENT_FAILURES = 2
_CITY_WITHOUT_CARS = "Venice"


def accepted(kind: str) -> Handler:
    """A handler that accepts any request; its id is made of the idempotency key, so a repeated one gets the same."""

    def accept(request: Request) -> bytes:
        key = request.key()
        content = request.content()
        request.service.store(f"{kind}s", key, content)
        return json_response(201, {f"{kind}Id": f"{kind}_{key}", "status": "accepted", "request": content})

    return accept


def _stock(request: Request) -> bytes:
    return json_response(200, {"sku": request.segment(1), "available": 42, "price": 12.5, "currency": "EUR"})


def _customer(request: Request) -> bytes:
    key = request.segment(1)
    return json_response(200, {"id": key, "name": f"Customer {key}", "email": f"{key}@example.com", "tier": "gold"})


def _payment(request: Request) -> bytes:
    key = request.headers().get("idempotency-key")
    if not key:
        return json_response(400, {"error": "an Idempotency-Key is needed"})
    attempt = request.service.attempt(f"payment {key}")
    if attempt <= _PAYMENT_FAILURES:
        return json_response(503, {"error": "the payment provider is busy", "attempt": attempt})
    answer = {"paymentId": f"pay_{key}", "status": "captured", "attempt": attempt, "request": request.content()}
    return json_response(201, answer)


def _book(request: Request) -> bytes:
    """`{traveller, city}` books a flight, a hotel or a car. There are no cars in Venice."""
    kind, city = request.segment(1), request.members().get("city")
    if kind == "cars" and city == _CITY_WITHOUT_CARS:
        return json_response(409, {"error": f"There are no cars in {city}."})
    booking = f"{kind}-{request.key()}"
    request.service.store("bookings", booking, request.content())
    return json_response(201, {"bookingId": booking, "city": city})


def _bookings(request: Request) -> bytes:
    return json_response(200, {"open": sorted(request.service.tables["bookings"])})


def _cancel_booking(request: Request) -> bytes:
    """The first try for each is answered with 503, the second cancels; cancelling again changes nothing."""
    booking = request.segment(1)
    if request.service.attempt(f"cancel {booking}") == 1:
        return json_response(503, {"error": "the booking system is busy"})
    request.service.tables["bookings"].pop(booking, None)
    return json_response(200, {"cancelled": booking})


SHOP: Routes = {
    ("GET", "stock"): _stock,
    ("GET", "customers"): _customer,
    ("POST", "payments"): _payment,
    ("POST", "shipments"): accepted("shipment"),
    ("POST", "notifications"): accepted("notification"),
    ("POST", "invoices"): accepted("invoice"),
    ("GET", "bookings"): _bookings,
    ("POST", "bookings"): _book,
    ("DELETE", "bookings"): _cancel_booking,
}
