"""dlt's REST source loads receipts of a feed into DuckDB, page by page, and then what is new."""

from __future__ import annotations

import json
import os
import socket
import sys

import dlt
from dlt.sources.rest_api import rest_api_source

look_up = socket.getaddrinfo


def on_this_machine(host, *args, **kwargs):
    """Python does not know that *.localhost is this machine (RFC 6761, 6.3)."""
    return look_up("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **kwargs)


socket.getaddrinfo = on_this_machine


def source():
    return rest_api_source(
        {
            "client": {
                "base_url": os.environ["FEED_ROOT"],
                "auth": {
                    "type": "http_basic", "username": os.environ["FEED_USER"],
                    "password": os.environ["FEED_TOKEN"],
                },
                "headers": {"Prefer": "odata.maxpagesize=20"},
                "paginator": {"type": "json_link", "next_url_path": "'@odata.nextLink'"},
            },
            "resources": [
                {
                    "name": "receipts", "primary_key": "Id",
                    "endpoint": {
                        "path": "Receipts", "data_selector": "value",
                        "params": {"$filter": "Id gt {incremental.start_value}"},
                        "incremental": {"cursor_path": "Id", "initial_value": 0},
                    },
                }
            ],
        }
    )  # fmt: skip


pipeline = dlt.pipeline(
    "feed", pipelines_dir=sys.argv[1], dataset_name="feed",
    destination=dlt.destinations.duckdb(f"{sys.argv[1]}/warehouse.duckdb"),
)  # fmt: skip
loaded = []
for _run in range(2):
    pipeline.run(source(), write_disposition="append")
    loaded.append(pipeline.last_trace.last_normalize_info.row_counts.get("receipts", 0))
with pipeline.sql_client() as client:
    [(rows, ids)] = client.execute_sql("SELECT count(*), count(DISTINCT id) FROM receipts")
sys.stdout.write(json.dumps({"loaded": loaded, "rows": rows, "ids": ids}))
