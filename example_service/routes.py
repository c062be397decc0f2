"""The handlers, by method and path."""

from example_service.crm import CRM
from example_service.messages import Routes
from example_service.misbehaviour import MISBEHAVIOUR
from example_service.operations import OPERATIONS
from example_service.shop import SHOP

ROUTES: Routes = {**MISBEHAVIOUR, **SHOP, **CRM, **OPERATIONS}
