-- Checks every scope of a call and, where all have room, reserves in all of them.
--
-- KEYS: the generation, then of each scope its budget, its traffic and its calls in flight.
-- ARGV: generation, node, what the nodes' leases begin with, time in ms ('': the server's), 1 to reserve or 0 to look,
--       cost, tokens, then of each scope: max_budget, spent and adjusted as the ledger has them, when the budget's key
--       expires (ms), rpm, tpm, parallel. '' stands for none.
-- Answer: 0 refused, 1 granted, 2 the ledger has to say what the scopes that follow have spent, 3 another generation, or
--       the lease of the node has run out; time in ms; of each scope: spent and reserved (dollars and nano-dollars), requests, tokens, calls in flight,
--       the slots in which another request and the tokens fit (0: now, -1: never).

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 3 } end

local SLOTS, SLOT_MS = 21, 3000
local node, leases = ARGV[2], ARGV[3]
-- What is reserved under a lease that has run out counts for nobody.
if redis.call('EXISTS', leases .. node) == 0 then return { 3 } end
local takes, cost, tokens = ARGV[5] == '1', ARGV[6], tonumber(ARGV[7])
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local slot = math.floor(now / SLOT_MS)

-- A double does not hold 64 bits: dollars and nano-dollars are summed apart.
local NANO = 1000000000
local function split(text)
  local sign = 1
  if string.byte(text) == 45 then sign, text = -1, string.sub(text, 2) end
  local length = #text
  if length <= 9 then return 0, sign * tonumber(text) end
  return sign * tonumber(string.sub(text, 1, length - 9)), sign * tonumber(string.sub(text, length - 8))
end
local function carry(dollars, nanos)
  local over = math.floor(nanos / NANO)
  return dollars + over, nanos - over * NANO
end

local alive = { [node] = true }
local function is_alive(other)
  if alive[other] == nil then alive[other] = redis.call('EXISTS', leases .. other) == 1 end
  return alive[other]
end

local function budget(key, spent, adjusted, expires)
  local fields = redis.call('HGETALL', key)
  local is_known, sd, sn, rd, rn = false, 0, 0, 0, 0
  for at = 1, #fields, 2 do
    local name, dollars, nanos = fields[at], split(fields[at + 1])
    if string.byte(name) ~= 114 then
      if name == 's' then is_known = true end
      sd, sn = sd + dollars, sn + nanos
    elseif is_alive(string.sub(name, 3)) then
      rd, rn = rd + dollars, rn + nanos
    else
      redis.call('HDEL', key, name)
    end
  end
  if not is_known then
    if spent == '' then return nil end
    redis.call('HSET', key, 's', spent, 'a', adjusted)
    redis.call('PEXPIREAT', key, expires)
    for _, text in ipairs({ spent, adjusted }) do
      local dollars, nanos = split(text)
      sd, sn = sd + dollars, sn + nanos
    end
  end
  sd, sn = carry(sd, sn)
  rd, rn = carry(rd, rn)
  return sd, sn, rd, rn
end

-- The newest slot, and what counts at it, after older slots were forgotten.
local function traffic(key)
  local head = redis.call('HMGET', key, 'n', 'q', 't')
  local newest, requests, used = tonumber(head[1]) or slot, tonumber(head[2]) or 0, tonumber(head[3]) or 0
  if newest >= slot then return newest, requests, used end
  if slot - newest >= SLOTS then
    redis.call('DEL', key)
    return slot, 0, 0
  end
  local names = {}
  for at = newest + 1, slot do
    names[#names + 1] = 'q' .. at % SLOTS
    names[#names + 1] = 't' .. at % SLOTS
  end
  local counts = redis.call('HMGET', key, unpack(names))
  for at = 1, #counts, 2 do
    requests = requests - (tonumber(counts[at]) or 0)
    used = used - (tonumber(counts[at + 1]) or 0)
  end
  redis.call('HDEL', key, unpack(names))
  redis.call('HSET', key, 'n', slot, 'q', requests, 't', used)
  return slot, requests, used
end

local function fits_at(key, letter, newest, used, amount, limit)
  local room = limit - amount
  if room < 0 then return -1 end
  local names = {}
  for at = 0, SLOTS - 1 do names[at + 1] = letter .. at end
  local counts = redis.call('HMGET', key, unpack(names))
  local at = newest
  while used > room do
    at = at + 1
    used = used - (tonumber(counts[at % SLOTS + 1]) or 0)
  end
  return at
end

local function in_flight(key)
  local fields = redis.call('HGETALL', key)
  local calls = 0
  for at = 1, #fields, 2 do
    if is_alive(fields[at]) then calls = calls + tonumber(fields[at + 1]) else redis.call('HDEL', key, fields[at]) end
  end
  return calls
end

local granted, missing, answer, takings = true, {}, { 1, now }, {}
local cd, cn = split(cost)
for index = 1, (#KEYS - 1) / 3 do
  local key, arg = 3 * index - 1, 7 * index + 1
  local money, rate, flight = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  local max, rpm, tpm, parallel = ARGV[arg], tonumber(ARGV[arg + 4]), tonumber(ARGV[arg + 5]), tonumber(ARGV[arg + 6])
  local sd, sn, rd, rn = 0, 0, 0, 0
  if max ~= '' then
    sd, sn, rd, rn = budget(money, ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3])
    if not sd then
      missing[#missing + 1] = index
      sd, sn, rd, rn = 0, 0, 0, 0
    else
      local md, mn = split(max)
      local left_d, left_n = carry(md - sd, mn - sn)
      local is_spent = left_d < 0 or (left_d == 0 and left_n == 0)
      left_d, left_n = carry(left_d - rd - cd, left_n - rn - cn)
      if is_spent or left_d < 0 then granted = false end
    end
  end
  local newest, requests, used, request_fits, token_fits = slot, 0, 0, 0, 0
  if rpm or tpm then
    newest, requests, used = traffic(rate)
    if rpm and requests >= rpm then
      granted, request_fits = false, fits_at(rate, 'q', newest, requests, 1, rpm)
    end
    if tpm and (used >= tpm or used + tokens > tpm) then
      granted, token_fits = false, fits_at(rate, 't', newest, used, used >= tpm and 1 or tokens, tpm)
    end
  end
  local calls = 0
  if parallel then
    calls = in_flight(flight)
    if calls >= parallel then granted = false end
  end
  takings[index] = { newest, requests, used }
  for _, part in ipairs({ sd, sn, rd, rn, requests, used, calls, request_fits, token_fits }) do
    answer[#answer + 1] = part
  end
end

if #missing > 0 then return { 2, now, unpack(missing) } end
if not granted then
  answer[1] = 0
  return answer
end
if not takes then return answer end

for index, taking in ipairs(takings) do
  local key, arg = 3 * index - 1, 7 * index + 1
  if ARGV[arg] ~= '' and cost ~= '0' then redis.call('HINCRBY', KEYS[key], 'r:' .. node, cost) end
  if ARGV[arg + 4] ~= '' or ARGV[arg + 5] ~= '' then
    local rate, newest = KEYS[key + 1], taking[1]
    redis.call('HSET', rate, 'n', newest, 'q', taking[2] + 1, 't', taking[3] + tokens)
    redis.call('HINCRBY', rate, 'q' .. newest % SLOTS, 1)
    redis.call('HINCRBY', rate, 't' .. newest % SLOTS, tokens)
    redis.call('PEXPIRE', rate, 2 * SLOTS * SLOT_MS)
  end
  if ARGV[arg + 6] ~= '' then
    redis.call('HINCRBY', KEYS[key + 2], node, 1)
    redis.call('PEXPIRE', KEYS[key + 2], 86400000)
  end
end
return answer
