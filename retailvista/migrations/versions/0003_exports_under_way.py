"""Exports under way are found by lane and by seat without reading those that are done"""

from __future__ import annotations

from alembic import op

revision = '0003'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_export_lane_key', table_name='export')
    op.create_index('ix_export_lane', 'export', ['lane_key', 'state'])
    op.create_index('ix_export_seat', 'export', ['seat_id', 'alone', 'state'])


def downgrade() -> None:
    op.drop_index('ix_export_seat', table_name='export')
    op.drop_index('ix_export_lane', table_name='export')
    op.create_index('ix_export_lane_key', 'export', ['lane_key'])
