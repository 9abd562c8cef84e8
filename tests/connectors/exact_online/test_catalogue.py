"""The catalogue: every endpoint is data, and each is loaded in the best way that Exact allows."""

from __future__ import annotations

from collections import Counter

import pytest

from retailvista.connectors.exact_online.catalogue import Catalogue, Endpoint, catalogue
from retailvista.connectors.records import Kind, Way
from retailvista.errors import NotFound
from retailvista.sandbox.endpoints import endpoints as answered_by_sandbox

LISTED = [entity for entity in catalogue().entities if entity.listed]


def by_table(table: str) -> Endpoint:
    found = [entity.key for entity in catalogue().entities if entity.table == table]
    assert len(found) == 1, f"{table}: {found}"
    return catalogue().endpoints[found[0]]


# Statement -> sync service ('' = no sync form) -> tables.
ASKED = [
    ("D-19", "", "Assets_Assets Assets_AssetGroups Budget_Budgets"),
    ("D-19", "Cashflow", "Cashflow_PaymentTerms"),
    (
        "D-20",
        "CRM",
        "CRM_Accounts CRM_Addresses CRM_Contacts CRM_QuotationHeaders CRM_QuotationLines",
    ),
    ("D-20", "", "CRM_Opportunities"),
    ("D-21", "Documents", "Documents_DocumentAttachments Documents_Documents"),
    (
        "D-22",
        "Financial",
        "Financial_GLAccounts Financial_GLClassifications FinancialTransaction_TransactionLines",
    ),
    (
        "D-22",
        "",
        (
            "Financial_ReportingBalance Financial_ProfitLossOverview Financial_AgingOverview "
            "Financial_GLAccountClassificationMappings"
        ),
    ),
    ("D-23", "", "HRM_Costcenters"),
    ("D-23", "HRM", "HRM_LeaveAbsenceHoursByDay HRM_ScheduleEntries HRM_Schedules"),
    (
        "D-24",
        "Inventory",
        (
            "Inventory_ItemStorageLocations Inventory_ItemWarehouses Inventory_SerialBatchNumbers "
            "Inventory_StockPositions Inventory_StockSerialBatchNumbers "
            "Inventory_StorageLocationStockPositions"
        ),
    ),
    (
        "D-25",
        "Logistics",
        (
            "Logistics_Items Logistics_PurchaseItemPrices Logistics_SalesItemPrices "
            "Logistics_SupplierItem"
        ),
    ),
    (
        "D-26",
        "Manufacturing",
        (
            "Manufacturing_ShopOrderMaterialPlans Manufacturing_ShopOrderRoutingStepPlans "
            "Manufacturing_ShopOrders"
        ),
    ),
    (
        "D-27",
        "Payroll",
        (
            "Payroll_BankAccounts Payroll_Employees Payroll_EmploymentCLAs "
            "Payroll_EmploymentContracts Payroll_EmploymentOrganizations "
            "Payroll_Employments Payroll_EmploymentSalaries "
            "Payroll_EmploymentTaxAuthoritiesGeneral"
        ),
    ),
    (
        "D-28",
        "Project",
        "Project_ProjectPlanning Project_Projects Project_ProjectWBS Project_TimeCostTransactions",
    ),
    ("D-29", "PurchaseOrder", "PurchaseOrder_PurchaseOrders"),
    ("D-29", "Sales", "Sales_SalesPriceListVolumeDiscounts"),
    ("D-29", "SalesInvoice", "SalesInvoice_SalesInvoices"),
    (
        "D-30",
        "SalesOrder",
        (
            "SalesOrder_GoodsDeliveries SalesOrder_GoodsDeliveryLines SalesOrder_SalesOrderHeaders "
            "SalesOrder_SalesOrderLines"
        ),
    ),
    ("D-30", "Subscription", "Subscription_SubscriptionLines Subscription_Subscriptions"),
]


@pytest.mark.statement(
    "D-19", "D-20", "D-21", "D-22", "D-23", "D-24", "D-25", "D-26", "D-27", "D-28", "D-29", "D-30"
)
@pytest.mark.parametrize(("statement", "service", "tables"), ASKED)
def test_each_endpoint_that_was_asked_for_is_there_on_its_own_path(
    statement: str, service: str, tables: str
):
    for table in tables.split():
        found = by_table(table)
        assert found.entity.listed, f"{statement}: {table}"
        if service:
            name = table.partition("_")[2]
            assert found.sync == f"sync/{service}/{name}"
            assert found.entity.way is Way.SYNC
            assert found.entity.deleted_as, f"{table} has a number in the feed of deletions"
        else:
            assert not found.sync


@pytest.mark.statement("D-32", "D-37")
def test_58_endpoints_each_with_the_best_way_that_exact_allows():
    assert Counter(entity.way for entity in LISTED) == {
        Way.SYNC: 48,
        Way.MODIFIED: 5,
        Way.FULL: 4,
        Way.DELETED: 1,
    }
    asked = {table for _, _, tables in ASKED for table in tables.split()} | {"Deleted"}
    assert {entity.table for entity in LISTED} == asked
    assert len(asked) == 58
    modified = {entity.table for entity in LISTED if entity.way is Way.MODIFIED}
    assert modified == {
        *("Assets_Assets", "Assets_AssetGroups", "Budget_Budgets", "CRM_Opportunities"),
        "HRM_Costcenters",
    }


@pytest.mark.statement("D-31")
def test_a_further_endpoint_is_one_line_of_data():
    line = {
        "key": "crm/AccountClasses",
        "name": "CRM - Account Classes",
        "service": "CRM",
        "doc": "CRMAccountClasses",
        "table": "CRM_AccountClasses",
        "regular": "crm/AccountClasses",
        "methods": "POST PUT DELETE",
        "row_key": ["ID"],
        "props": {
            "ID": "guid r K",
            "Code": "text r MPU",
            "Credit": "decimal r",
            "Modified": "moment r",
        },
    }
    found = Catalogue([line]).endpoint("crm/AccountClasses")
    assert found.entity.way is Way.MODIFIED
    assert found.entity.actions == {"create", "update", "delete"}
    code = found.entity.property_named("Code")
    assert code is not None
    assert code.mandatory
    assert not code.read_only
    credit = found.entity.property_named("Credit")
    assert credit is not None
    assert credit.kind is Kind.DECIMAL


def test_every_path_the_sandbox_answers_is_in_the_catalogue_with_its_properties():
    """The sandbox's data and ours come from the same facts by different ways."""
    mine = {}
    for found in catalogue().endpoints.values():
        for form, path in (("r", found.regular), ("b", found.bulk), ("s", found.sync)):
            if path:
                mine[path] = {name for name, forms in found.forms.items() if form in forms}
    for entity in LISTED:
        found = catalogue().endpoints[entity.key]
        for path in filter(None, (found.regular, found.bulk, found.sync)):
            assert set(answered_by_sandbox()[path].props) == mine[path], path


def test_headers_and_lines_in_one_feed_are_told_apart_by_the_line():
    grouped = {entity.table: entity.group_key for entity in LISTED if entity.group_key}
    assert grouped == {
        "FinancialTransaction_TransactionLines": "EntryID",
        "PurchaseOrder_PurchaseOrders": "PurchaseOrderID",
        "SalesInvoice_SalesInvoices": "InvoiceID",
    }
    keys = {entity.table: entity.row_key for entity in LISTED}
    assert all(keys[table] == ("ID",) for table in grouped)
    assert keys["SalesOrder_GoodsDeliveries"] == keys["Subscription_Subscriptions"] == ("EntryID",)


def test_bulk_begins_only_where_it_leaves_nothing_out():
    begun = {key for key, found in catalogue().endpoints.items() if found.begins_by_bulk}
    assert begun == {"salesorder/GoodsDeliveries", "salesorder/GoodsDeliveryLines"}


def test_an_unknown_entity_is_named():
    with pytest.raises(NotFound, match="hrm/Nothing"):
        catalogue().endpoint("hrm/Nothing")
