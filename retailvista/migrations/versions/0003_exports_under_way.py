"""Exports under way are found by lane and by seat without reading those that are done"""

from __future__ import annotations

from alembic import op

from retailvista.migrations.triggers import create_triggers, drop_triggers

revision = '0003'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_export_lane_key', table_name='export')
    op.create_index('ix_export_lane', 'export', ['lane_key', 'state'])
    op.create_index('ix_export_seat', 'export', ['seat_id', 'alone', 'state'])
    # Their conditions name the company now, so that they find rows by index.
    drop_triggers()
    create_triggers()


def downgrade() -> None:
    op.drop_index('ix_export_seat', table_name='export')
    op.drop_index('ix_export_lane', table_name='export')
    op.create_index('ix_export_lane_key', 'export', ['lane_key'])
