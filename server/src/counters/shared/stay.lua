-- Renews a node's lease while the generation is still the one it joined. KEYS: the generation, the lease.
-- ARGV: the generation as the node knows it, the lease's length in ms. Answer: 1, or 0 where it is another generation, or 2
-- where the lease has run out: what was reserved under it does not count any more.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if not redis.call('SET', KEYS[2], '1', 'XX', 'PX', ARGV[2]) then return 2 end
return 1
