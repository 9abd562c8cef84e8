"""Exports under way are found by lane and seat; the clock offset holds milliseconds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from retailvista.migrations.triggers import create_triggers, drop_triggers

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_export_lane_key', table_name='export')
    op.create_index('ix_export_lane', 'export', ['lane_key', 'state'])
    op.create_index('ix_export_seat', 'export', ['seat_id', 'alone', 'state'])
    # Milliseconds since 1970 do not fit 32 bits, which PostgreSQL refuses. The triggers are made
    # again: their conditions name the company now, so that they find rows by index.
    drop_triggers()
    with op.batch_alter_table('export') as batch:
        batch.alter_column('clock_offset', existing_type=sa.Integer(), type_=sa.BigInteger(),
                           existing_nullable=False)
    create_triggers()


def downgrade() -> None:
    op.drop_index('ix_export_seat', table_name='export')
    op.drop_index('ix_export_lane', table_name='export')
    op.create_index('ix_export_lane_key', 'export', ['lane_key'])
