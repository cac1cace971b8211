-- A crowd of clients with the names of mainland China: surnames as frequent as they are, given names of two characters.
-- $1 is the brand, $2 how many. Sealed columns hold random bytes: nothing that is measured opens them.
with surname as (
    select array_agg(sign order by n) as signs, array_agg(pinyin order by n) as pinyins
    from (
        select s.sign, s.pinyin, row_number() over () as n
        from (values ('王', 'wang', 72), ('李', 'li', 72), ('张', 'zhang', 68), ('刘', 'liu', 54), ('陈', 'chen', 46),
            ('杨', 'yang', 31), ('黄', 'huang', 22), ('赵', 'zhao', 21), ('周', 'zhou', 19), ('吴', 'wu', 19),
            ('徐', 'xu', 15), ('孙', 'sun', 15), ('朱', 'zhu', 13), ('马', 'ma', 13), ('胡', 'hu', 12),
            ('郭', 'guo', 11), ('林', 'lin', 11), ('何', 'he', 10), ('高', 'gao', 10), ('梁', 'liang', 9),
            ('郑', 'zheng', 9), ('罗', 'luo', 9), ('宋', 'song', 8), ('谢', 'xie', 8), ('唐', 'tang', 7),
            ('韩', 'han', 7), ('曹', 'cao', 6), ('许', 'xu', 6), ('邓', 'deng', 6), ('曾', 'zeng', 5),
            ('欧阳', 'ouyang', 1), ('诸葛', 'zhuge', 1)) as s (sign, pinyin, weight),
            generate_series(1, s.weight)
    ) weighed
), given as (
    select array_agg(sign) as signs, array_agg(pinyin) as pinyins
    from (values ('伟', 'wei'), ('芳', 'fang'), ('娜', 'na'), ('敏', 'min'), ('静', 'jing'), ('丽', 'li'), ('强', 'qiang'),
        ('磊', 'lei'), ('洋', 'yang'), ('艳', 'yan'), ('勇', 'yong'), ('军', 'jun'), ('杰', 'jie'), ('娟', 'juan'),
        ('涛', 'tao'), ('明', 'ming'), ('超', 'chao'), ('秀', 'xiu'), ('霞', 'xia'), ('平', 'ping'), ('刚', 'gang'),
        ('桂', 'gui'), ('若', 'ruo'), ('水', 'shui'), ('晚', 'wan'), ('秋', 'qiu'), ('小', 'xiao'), ('满', 'man'),
        ('清', 'qing'), ('和', 'he'), ('雨', 'yu'), ('欣', 'xin'), ('怡', 'yi'), ('思', 'si'), ('琪', 'qi'),
        ('嘉', 'jia'), ('宁', 'ning'), ('子', 'zi'), ('涵', 'han'), ('雪', 'xue')) as g (sign, pinyin)
), chance as (
    select n, 1 + floor(random() * cardinality(s.signs))::int as s, 1 + floor(random() * cardinality(g.signs))::int as g1,
        1 + floor(random() * cardinality(g.signs))::int as g2
    from generate_series(1, $2::int) n, surname s, given g
)
insert into client (brand_id, client_id, display_name, family_name, given_name, salutation, language, name_key, given_key,
    pinyin, initials, registered_at)
select $1, uuidv7(), s.signs[c.s] || g.signs[c.g1] || g.signs[c.g2], s.signs[c.s], g.signs[c.g1] || g.signs[c.g2],
    '女士', 'zh', s.signs[c.s] || g.signs[c.g1] || g.signs[c.g2], g.signs[c.g1] || g.signs[c.g2],
    s.pinyins[c.s] || g.pinyins[c.g1] || g.pinyins[c.g2],
    left(s.pinyins[c.s], 1) || left(g.pinyins[c.g1], 1) || left(g.pinyins[c.g2], 1), now()
from chance c, surname s, given g
