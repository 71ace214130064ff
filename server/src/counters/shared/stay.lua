-- Renews a node's lease while the generation is still the one it joined. KEYS: the generation, the lease.
-- ARGV: the generation as the node knows it, the lease's length in ms. Answer: 1, or 0 where it is another generation.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
return 1
