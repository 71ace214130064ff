-- Brings what a node did: calls that ended, calls it admitted by itself, and what it wrote to the ledger.
--
-- ARGV: node, the set of the budgets that it has unwritten spend in, then of each key, by what it is:
--   b lease, reserved (added), unwritten ('': as it is), expires (ms)
--   w spent and adjusted as the ledger has them, unwritten; only of budgets that are known
--   f lease, calls in flight (added)
--   q slot, requests that do not count after all
--   t slot, tokens (added to that slot where negative, to the current one where not)

local SLOTS = 21
local node, owing = ARGV[1], ARGV[2]

-- Adds, and leaves neither zeros nor what is below: the lease it was counted under has ended.
local function add(key, field, amount)
  if amount == '0' then return end
  if redis.call('HINCRBY', key, field, amount) <= 0 then redis.call('HDEL', key, field) end
end

local function set_unwritten(key, amount)
  if amount == '0' then
    redis.call('HDEL', key, 'u:' .. node)
    redis.call('SREM', owing, key)
  else
    redis.call('HSET', key, 'u:' .. node, amount)
    redis.call('SADD', owing, key)
  end
end

-- Compares texts of whole numbers of zero or more: a double does not hold 64 bits.
local function is_less(one, other)
  if #one ~= #other then return #one < #other end
  return one < other
end

local function take_back(key, what, from, amount)
  local newest = tonumber(redis.call('HGET', key, 'n'))
  if not newest or newest - from >= SLOTS then return end
  local field = what .. from % SLOTS
  amount = math.min(amount, tonumber(redis.call('HGET', key, field)) or 0)
  redis.call('HINCRBY', key, field, -amount)
  redis.call('HINCRBY', key, what, -amount)
end

-- Tokens beyond what was reserved count in the newest slot; what is older is forgotten by the next call.
local function add_tokens(key, amount)
  local newest = tonumber(redis.call('HGET', key, 'n'))
  if not newest then return end
  redis.call('HINCRBY', key, 't' .. newest % SLOTS, amount)
  redis.call('HINCRBY', key, 't', amount)
end

local at = 3
for _, key in ipairs(KEYS) do
  local what = ARGV[at]
  if what == 'b' then
    local lease, reserved, unwritten = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
    local expires = ARGV[at + 4]
    at = at + 5
    add(key, 'r:' .. lease, reserved)
    if unwritten ~= '' then set_unwritten(key, unwritten) end
    redis.call('PEXPIREAT', key, expires)
  elseif what == 'w' then
    local spent, adjusted, unwritten = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
    at = at + 4
    local known = redis.call('HGET', key, 's')
    if known then
      if is_less(known, spent) then redis.call('HSET', key, 's', spent) end
      redis.call('HSET', key, 'a', adjusted)
    end
    if known or redis.call('EXISTS', key) == 1 then set_unwritten(key, unwritten) end
  elseif what == 'f' then
    add(key, ARGV[at + 1], ARGV[at + 2])
    redis.call('PEXPIRE', key, 86400000)
    at = at + 3
  elseif what == 'q' then
    take_back(key, 'q', tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
    at = at + 3
  elseif what == 't' then
    local from, amount = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    at = at + 3
    if amount < 0 then take_back(key, 't', from, -amount) else add_tokens(key, amount) end
  end
end
return 1
