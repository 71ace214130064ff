-- The generation of the counters; a new one where there is none: they are empty, and nodes have first to tell what
-- they hold.
--
-- KEYS: the generation. ARGV: an id for a new one, time in ms ('': the server's), ms until a new one may be used.
-- Answer: the generation (id, when it was made and from when it may be used, in ms) and ms until it may be used.

local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local generation = redis.call('GET', KEYS[1])
if not generation then
  generation = string.format('%s %.0f %.0f', ARGV[1], now, now + tonumber(ARGV[3]))
  redis.call('SET', KEYS[1], generation)
end
local opens = tonumber(string.match(generation, '(%d+)$')) or now
return { generation, math.max(0, opens - now) }
