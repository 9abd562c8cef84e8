"""Feeds: tables of feeds, datasets and who may read them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from retailvista.db import UtcDateTime


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('feed',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('everyone', sa.Boolean(), nullable=False),
    sa.Column('created_by', sa.String(length=254), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_feed_company_id_company')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed')),
    sa.UniqueConstraint('company_id', 'id', name=op.f('uq_feed_company_id_id')),
    sa.UniqueConstraint('company_id', 'name', name=op.f('uq_feed_company_id_name')),
    sa.UniqueConstraint('company_id', 'number', name=op.f('uq_feed_company_id_number'))
    )
    op.create_index(op.f('ix_feed_company_id'), 'feed', ['company_id'], unique=False)
    op.create_table('dataset',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('feed_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('connector_id', sa.Integer(), nullable=True),
    sa.Column('entity', sa.String(length=80), nullable=False),
    sa.Column('alias', sa.String(length=80), nullable=False),
    sa.Column('columns', sa.JSON(), nullable=False),
    sa.Column('filter', sa.Text(), nullable=False),
    sa.Column('warehouse', sa.Boolean(), nullable=False),
    sa.Column('everyone', sa.Boolean(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_dataset_company_id_company')),
    sa.ForeignKeyConstraint(['company_id', 'connector_id'], ['connector.company_id', 'connector.id'], name=op.f('fk_dataset_company_id_connector_id_connector')),
    sa.ForeignKeyConstraint(['company_id', 'feed_id'], ['feed.company_id', 'feed.id'], name=op.f('fk_dataset_company_id_feed_id_feed')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dataset')),
    sa.UniqueConstraint('company_id', 'feed_id', 'alias', name=op.f('uq_dataset_company_id_feed_id_alias')),
    sa.UniqueConstraint('company_id', 'id', name=op.f('uq_dataset_company_id_id'))
    )
    op.create_index(op.f('ix_dataset_company_id'), 'dataset', ['company_id'], unique=False)
    op.create_table('feed_permission',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('feed_id', sa.Integer(), nullable=False),
    sa.Column('dataset_id', sa.Integer(), nullable=True),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('company_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_feed_permission_company_id_company')),
    sa.ForeignKeyConstraint(['company_id', 'dataset_id'], ['dataset.company_id', 'dataset.id'], name=op.f('fk_feed_permission_company_id_dataset_id_dataset')),
    sa.ForeignKeyConstraint(['company_id', 'feed_id'], ['feed.company_id', 'feed.id'], name=op.f('fk_feed_permission_company_id_feed_id_feed')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_feed_permission_user_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed_permission')),
    sa.UniqueConstraint('company_id', 'feed_id', 'dataset_id', 'user_id', name=op.f('uq_feed_permission_company_id_feed_id_dataset_id_user_id'))
    )
    op.create_index(op.f('ix_feed_permission_company_id'), 'feed_permission', ['company_id'], unique=False)


def downgrade() -> None:
    for table in ('feed_permission', 'dataset', 'feed'):
        op.drop_index(op.f(f'ix_{table}_company_id'), table_name=table)
        op.drop_table(table)
