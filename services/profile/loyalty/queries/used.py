"""Whose data may be used: a condition of rows that are somebody's."""


def used(row: str) -> str:
    """The words that leave out whoever had her data restricted, under whichever record that was said."""
    return (
        "not exists (select from restriction r"
        " left join client_alias said on said.brand_id = r.brand_id and said.client_id = r.client_id"
        f" left join client_alias own on own.brand_id = r.brand_id and own.client_id = {row}.client_id"
        f" where r.brand_id = {row}.brand_id"
        f" and coalesce(said.canonical_id, r.client_id) = coalesce(own.canonical_id, {row}.client_id))"
    )
