"""A photo is known by the picture in its file; the hash of the file stands beside it.

The pictures themselves are read by the next scan of their folders: until then a photo keeps the
hash of its whole file as its identity, and both columns are equal.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("photo", sa.Column("file_hash", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE photo SET file_hash = content_hash")
