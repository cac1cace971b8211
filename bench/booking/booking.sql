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
set local lock_timeout = '50ms';
delete from idempotency_key where brand_id = :brand and subject = :client::text and route = 'POST /v1/appointments'
    and key = :client::text and expires_at < now();
insert into idempotency_key (brand_id, subject, route, key, fingerprint, expires_at)
    values (:brand, :client::text, 'POST /v1/appointments', :client::text, sha256('fingerprint'), now() + '30 days')
    on conflict do nothing returning 1;
reset lock_timeout;
savepoint sa_savepoint_1;
select brand_id, boutique_id, region_id, code, boutique_type, zone, name_zh, name_en, version from boutique
    where brand_id = :brand and boutique_id = :boutique::uuid;
select brand_id, experience_id, code, name_zh, name_en, duration_minutes, buffer_before_minutes, buffer_after_minutes,
    granularity_minutes, notice_minutes, horizon_days, cancel_notice_minutes, needs_room, skill, version from experience
    where brand_id = :brand and experience_id = :experience::uuid;
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
select down.client_id, o.advisor_id
from down left join client_owner o on o.brand_id = :brand and o.client_id = down.client_id
order by down.client_id <> (select client_id from up order by depth desc limit 1), down.client_id;
select count(*) from appointment where brand_id = :brand and client_id in (:client::uuid) and status = 'held'
    and expires_at > now();
select brand_id, advisor_id, boutique_id, display_name, languages, skills, version from advisor
    where brand_id = :brand and boutique_id = :boutique::uuid order by advisor_id;
select brand_id, room_id, boutique_id, name_zh, name_en, capacity from room
    where brand_id = :brand and boutique_id = :boutique::uuid order by room_id;
select holder_id, weekday, starts, ends from weekly_hours
    where brand_id = :brand and holder_id in (:boutique::uuid, :advisor::uuid, :other::uuid) order by weekday, starts;
select holder_id, on_day, starts, ends from dated_hours
    where brand_id = :brand and holder_id in (:boutique::uuid, :advisor::uuid, :other::uuid)
    and on_day between cast(:starts::timestamptz - interval '15 days' as date)
        and cast(:starts::timestamptz + interval '15 days' as date)
    order by on_day, starts;
select o.resource_id, lower(o.during) as starts_at, upper(o.during) as ends_at
from unnest(cast(array[:client, :room, :advisor, :other] as uuid[])) as wanted (resource_id)
join occupation o on o.brand_id = :brand and o.resource_id = wanted.resource_id
    and o.during && tstzrange(:starts::timestamptz, :ends::timestamptz, '[)')
where not (o.kind = 'hold' and o.expires_at <= now()) and o.appointment_id is distinct from null;
select advisor_id, count(*) filter (where starts_at >= date_trunc('day', :starts::timestamptz)
    and starts_at < date_trunc('day', :starts::timestamptz) + interval '1 day'), count(*)
from appointment where brand_id = :brand and advisor_id in (:advisor::uuid, :other::uuid)
    and starts_at >= date_trunc('day', :starts::timestamptz) - interval '7 days'
    and starts_at < date_trunc('day', :starts::timestamptz) + interval '7 days'
    and (status in ('confirmed', 'checked-in', 'completed') or status = 'held' and expires_at > now())
group by advisor_id;
select occupy(:brand, :appointment::uuid, 'hold', now() + interval '5 minutes', now(), false,
    (select array_agg(key order by key) from (values (hashtextextended(:client, 0)), (hashtextextended(:room, 0)),
        (hashtextextended(:advisor, 0))) as held (key)),
    cast(array[:room, :advisor, :client] as uuid[]),
    array_fill(:starts::timestamptz, array[3]), array_fill(:ends::timestamptz, array[3]));
select count(*) from appointment where brand_id = :brand and client_id in (:client::uuid) and status = 'held'
    and expires_at > now();
insert into appointment (brand_id, appointment_id, client_id, boutique_id, advisor_id, room_id, experience_id, starts_at,
    ends_at, status, expires_at, party_size, piece_code, assigned_for, made_by, created_at, confirmed_at, arrived_at,
    completed_at, cancelled_at, cancelled_by, version)
values (:brand, :appointment::uuid, :client::uuid, :boutique::uuid, :advisor::uuid, :room::uuid, :experience::uuid,
    :starts::timestamptz, :ends::timestamptz, 'held', now() + interval '5 minutes', 1, null, 'least-loaded', 'client',
    now(), null, null, null, null, null, 1);
release savepoint sa_savepoint_1;
update idempotency_key set status = 201, media_type = 'application/json', etag = '"1"',
    body = convert_to(repeat('sealed..', 80), 'UTF8')
    where brand_id = :brand and subject = :client::text and route = 'POST /v1/appointments' and key = :client::text;
commit;
