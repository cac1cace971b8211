-- The statements that one booking executes, in their order: taken from PostgreSQL's log (log_statement = all) while the
-- service answered POST /v1/appointments. Each client books in a boutique of its own, one slot after the other.
-- Given with -D: brand, experience, begins (epoch seconds), n (the first slot), known (0).
\set n :n + 1
\if :known
\else
-- Once for each client, not for each booking: where it books. The brand first: only then are its rows to be seen.
select set_config('maison.brand_id', :brand::text, false) as seen \gset
select b.boutique_id as boutique, b.region_id as region, r.room_id as room, a.advisor_id as advisor,
    (select max(o.advisor_id::text) from advisor o where o.brand_id = b.brand_id and o.boutique_id = b.boutique_id) as other
from boutique b
join room r using (brand_id, boutique_id) join advisor a using (brand_id, boutique_id)
where b.code = 'B' || :client_id::text order by a.advisor_id limit 1 \gset
\set known 1
\endif
begin;
select set_config('maison.brand_id', :brand::text, true) as brand, uuidv7() as client, uuidv7() as appointment,
    to_timestamp(:begins::bigint + :n::bigint * 1800) as starts, to_timestamp(:begins::bigint + (:n::bigint + 1) * 1800) as ends
    \gset
with patience as materialized (
    select current_setting('lock_timeout') as usual, set_config('lock_timeout', '50ms', true) as brief
)
insert into idempotency_key (brand_id, subject, route, key, fingerprint, expires_at)
select :brand::text, :client::text, 'POST /v1/appointments', :client::text, sha256('fingerprint'), now() + '30 days'
from patience
on conflict do nothing
returning (select set_config('lock_timeout', usual, true) from patience);
select brand_id, boutique_id, region_id, code, boutique_type, zone, name_zh, name_en, city_code, city_zh, city_en, address_zh,
    address_en, latitude, longitude, version from boutique where brand_id = :brand and boutique_id = :boutique::uuid;
select brand_id, experience_id, code, name_zh, name_en, duration_minutes, buffer_before_minutes, buffer_after_minutes,
    granularity_minutes, notice_minutes, horizon_days, cancel_notice_minutes, needs_room, skill, room_kind,
    needs_second_advisor, second_skill, languages, modes, audience, open_to_segments, needs_approval, approve_within_minutes,
    questions, active, version from experience where brand_id = :brand and experience_id = :experience::uuid;
select pg_advisory_xact_lock_shared(hashtextextended('tombstone:' || :brand || ':' || aggregate, 0))
from (select unnest(array['client:' || :client::text]) as aggregate order by 1) as asked;
select brand_id, aggregate from tombstone
where (brand_id, aggregate) in (select * from unnest(array[:brand::text], array['client:' || :client::text]));
with recursive up (client_id, depth) as (
    select cast(:client as uuid), 0
    union
    select a.canonical_id, up.depth + 1 from up
    join client_alias a on a.brand_id = :brand and a.client_id = up.client_id where up.depth < 100
), down (client_id) as (
    (select client_id from up order by depth desc limit 1)
    union
    select a.client_id from down join client_alias a on a.brand_id = :brand and a.canonical_id = down.client_id
)
select down.client_id, o.advisor_id, s.segment
from down left join client_owner o on o.brand_id = :brand and o.client_id = down.client_id
left join client_segment s on s.brand_id = :brand and s.client_id = down.client_id
order by down.client_id <> (select client_id from up order by depth desc limit 1), down.client_id;
select brand_id, hold_minutes, most_holds, most_open, no_shows, no_show_days, no_show_consequence, proposal_minutes, version
from booking_policy where brand_id = :brand;
select count(*) filter (where status = 'held' and expires_at > now() and appointment_id is distinct from null) as holds,
    count(*) filter (where status in ('pending', 'confirmed') and ends_at > now()) as open_visits,
    count(*) filter (where status = 'no-show' and starts_at >= now() - interval '180 days') as no_shows
from appointment
where brand_id = :brand and client_id = any(array[:client::uuid]) and starts_at >= now() - interval '180 days';
select brand_id, advisor_id, boutique_id, display_name, languages, skills, weight, employee_number, wecom_userid, absent_from,
    absent_until, left_at, version from advisor
    where brand_id = :brand and boutique_id in (:boutique::uuid) and left_at is null order by advisor_id;
select brand_id, room_id, boutique_id, code, name_zh, name_en, capacity, room_kind, amenities, active, version from room
    where brand_id = :brand and boutique_id in (:boutique::uuid) and active order by room_id;
select holder_id, false as is_break, weekday, cast(null as date) as on_day, starts, ends from weekly_hours
where brand_id = :brand and holder_id = any(array[:boutique, :advisor, :other]::uuid[])
union all
select holder_id, false, null, on_day, starts, ends from dated_hours
where brand_id = :brand and holder_id = any(array[:boutique, :advisor, :other]::uuid[])
    and on_day between cast(:starts::timestamptz - interval '16 days' as date)
    and cast(:starts::timestamptz + interval '16 days' as date)
union all
select holder_id, true, weekday, on_day, starts, ends from break_time
where brand_id = :brand and holder_id = any(array[:boutique, :advisor, :other]::uuid[])
    and (on_day is null or on_day between cast(:starts::timestamptz - interval '16 days' as date)
        and cast(:starts::timestamptz + interval '16 days' as date))
order by starts;
select v.resource_id, 'visit' as kind, stretches.begins, stretches.ends
from (
    select o.resource_id, range_agg(o.during) as during
    from unnest(cast(array[:client, :room, :advisor, :other] as uuid[])) as wanted (resource_id)
    join occupation o on o.brand_id = :brand and o.resource_id = wanted.resource_id
        and o.starts_at < :ends::timestamptz and o.ends_at > :starts::timestamptz
    where o.appointment_id is not null and not (o.kind = 'hold' and o.expires_at <= now())
        and o.appointment_id is distinct from null
    group by o.resource_id
) v, lateral (
    select array_agg(lower(during)) as begins, array_agg(upper(during)) as ends from unnest(v.during) as one (during)
) stretches
union all
select l.advisor_id, 'leave', array[lower(l.during)], array[upper(l.during)] from leave l
where l.brand_id = :brand and l.advisor_id = any(cast(array[:client, :room, :advisor, :other] as uuid[]))
    and l.during && tstzrange(:starts::timestamptz, :ends::timestamptz, '[)')
union all
select c.boutique_id, 'closure', array[lower(c.during)], array[upper(c.during)] from closure c
where c.brand_id = :brand and c.boutique_id = any(array[:boutique::uuid])
    and c.during && tstzrange(:starts::timestamptz, :ends::timestamptz, '[)');
with visit as materialized (
    select advisor_id, created_at from appointment
    where brand_id = :brand and advisor_id = any(array[:advisor, :other]::uuid[])
    and starts_at >= :starts::timestamptz - interval '14 days' and starts_at < :starts::timestamptz + interval '14 days'
    and (
        status in ('pending', 'confirmed', 'checked-in', 'completed')
        or (status = 'held' and expires_at > now())
    )
), told as (
    select advisor_id, count(*) as bookings, max(created_at) as booked_at from visit group by advisor_id
)
select a.advisor_id, a.weight, coalesce(told.bookings, 0) as bookings, told.booked_at,
    case when a.joined_at > :starts::timestamptz - interval '14 days' then (
        select count(*) from visit where visit.advisor_id <> a.advisor_id and visit.created_at < a.joined_at
    ) else 0 end as missed,
    case when a.joined_at > :starts::timestamptz - interval '14 days' then (
        select coalesce(sum(b.weight), 0) from advisor b
        where b.brand_id = :brand and b.advisor_id = any(array[:advisor, :other]::uuid[]) and b.advisor_id <> a.advisor_id
        and (b.joined_at is null or b.joined_at < a.joined_at)
    ) else 0 end as met
from advisor a left join told on told.advisor_id = a.advisor_id
where a.brand_id = :brand and a.advisor_id = any(array[:advisor, :other]::uuid[]);
select occupy(:brand, :appointment::uuid, 'hold', now() + interval '5 minutes', now(), false,
    (select array_agg(key order by key) from (values (hashtextextended(:client, 0)), (hashtextextended(:room, 0)),
        (hashtextextended(:advisor, 0))) as held (key)),
    cast(array[:room, :advisor, :client] as uuid[]),
    array_fill(:starts::timestamptz, array[3]), array_fill(:ends::timestamptz, array[3]));
select count(*) filter (where status = 'held' and expires_at > now() and appointment_id is distinct from null) as holds,
    count(*) filter (where status in ('pending', 'confirmed') and ends_at > now()) as open_visits,
    count(*) filter (where status = 'no-show' and starts_at >= now() - interval '180 days') as no_shows
from appointment
where brand_id = :brand and client_id = any(array[:client::uuid]) and starts_at >= now() - interval '180 days';
insert into appointment (brand_id, appointment_id, client_id, boutique_id, advisor_id, room_id, experience_id, starts_at,
    ends_at, status, expires_at, party_size, piece_code, assigned_for, made_by, created_at, confirmed_at, arrived_at,
    completed_at, cancelled_at, cancelled_by, version, mode, second_advisor_id, language, occasion, requests, configuration,
    answers, link, needs_approval_for, decided_at, decided_by, refusal_reason, overridden, override_reason, agreed_by)
values (:brand, :appointment::uuid, :client::uuid, :boutique::uuid, :advisor::uuid, :room::uuid, :experience::uuid,
    :starts::timestamptz, :ends::timestamptz, 'held', now() + interval '5 minutes', 1, null, 'rotation', 'client',
    now(), null, null, null, null, null, 1, 'in-person', null, null, null, null, null, null, null, null, null, null, null,
    '{}', null, null);
update idempotency_key set status = 201, media_type = 'application/json', etag = '"1"',
    body = convert_to(repeat('sealed..', 80), 'UTF8')
    where brand_id = :brand and subject = :client::text and route = 'POST /v1/appointments' and key = :client::text;
commit;
