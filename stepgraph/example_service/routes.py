"""Which handler answers which method and path."""

from stepgraph.example_service.crm import CRM
from stepgraph.example_service.messages import Routes
from stepgraph.example_service.misbehaviour import MISBEHAVIOUR
from stepgraph.example_service.operations import OPERATIONS
from stepgraph.example_service.shop import SHOP

ROUTES: Routes = {**MISBEHAVIOUR, **SHOP, **CRM, **OPERATIONS}
