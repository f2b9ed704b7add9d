-- Owns every change to a doorbell's state; one call is one atomic step. Redis 7 and Valkey run it alike.
--
-- KEYS  1 waiting   hash: contact -> "rank entry" of its bell that nobody has taken
--       2 again     hash: contact -> rank at which it was rung while somebody held it
--       3 later     sorted set: "rank attempts contact", by the millisecond it is due at
--       4 counters  hash: fence (the last one given), turn (bells given, for the kept share)
--       5...        one stream a lane, most urgent first; a lane's place here is its rank
-- ARGV  1 verb, 2 prefix of the leases' keys, 3... the verb's own
--
-- A contact has at most one bell that waits and one that is held, so the streams are as short as the work is small.

local waiting, again, later, counters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local streams = {unpack(KEYS, 5)}
local GROUP, CONSUMER = 'workers', 'muster'  -- leases tell holders apart, so the group needs one name only
local LONGEST = 1000000  -- entries of a stream; what is trimmed is rung again from SQL

local function lease_of(contact) return ARGV[2] .. contact end

local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function drop(rank, entry)
  redis.call('XACK', streams[rank], GROUP, entry)
  redis.call('XDEL', streams[rank], entry)
end

-- Queue a bell unless the contact waits already in this lane or a more urgent one. Returns 1 when something changed.
local function queue(contact, rank, attempts)
  local place = redis.call('HGET', waiting, contact)
  if place then
    local old_rank, entry = place:match('^(%d+) (.+)$')
    old_rank = tonumber(old_rank)
    -- The entry may have been trimmed: look before believing that it still waits.
    if old_rank <= rank and #redis.call('XRANGE', streams[old_rank], entry, entry) > 0 then return 0 end
    redis.call('XDEL', streams[old_rank], entry)
  end
  local entry = redis.call('XADD', streams[rank], 'MAXLEN', '~', LONGEST, '*', 'contact', contact, 'attempts', attempts)
  redis.call('HSET', waiting, contact, rank .. ' ' .. entry)
  return 1
end

-- Note that the holder has to look once more. Returns 1 when that is news.
local function note_again(contact, rank)
  local noted = tonumber(redis.call('HGET', again, contact) or nil)
  if noted and noted <= rank then return 0 end
  redis.call('HSET', again, contact, rank)
  return 1
end

local function ring(contact, rank, attempts)
  if redis.call('EXISTS', lease_of(contact)) == 1 then return note_again(contact, rank) end
  return queue(contact, rank, attempts)
end

local function next_fence()
  local fence = math.max(now_us(), (redis.call('HGET', counters, 'fence') or 0) + 1)
  local text = string.format('%.0f', fence)
  redis.call('HSET', counters, 'fence', text)
  return text
end

local verbs = {}

-- rank, contact...
function verbs.ring(rank, ...)
  local rung = 0
  for _, contact in ipairs({...}) do rung = rung + ring(contact, tonumber(rank), 0) end
  return rung
end

local function ring_what_is_due(now_ms)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now_ms, 'LIMIT', 0, 1000)) do
    local rank, attempts, contact = member:match('^(%d+) (%d+) (.*)$')
    redis.call('ZREM', later, member)
    ring(contact, tonumber(rank), attempts)
  end
end

-- Bells of a lane that their holder has let lie for longer than a lease.
local function abandoned(rank, lease_ms, count)
  local found = redis.pcall('XPENDING', streams[rank], GROUP, 'IDLE', lease_ms, '-', '+', count)
  if not found.err then return found end
  -- First use, or Redis was emptied: begin anew.
  redis.call('XGROUP', 'CREATE', streams[rank], GROUP, '0', 'MKSTREAM')
  return {}
end

-- count, lease in ms, rank of the lane with a kept share, that share
-- Returns the bells as {contact, rank, entry, fence, attempt}; if there are none, also where each stream ends
-- and in how many ms the next put-back bell is due (-1: none).
function verbs.take(count, lease_ms, kept_rank, share)
  count, lease_ms, kept_rank = tonumber(count), tonumber(lease_ms), tonumber(kept_rank)
  local now_ms = math.floor(now_us() / 1000)
  local taken = {}

  local function hand_out(rank, entry, fields, deliveries)
    local contact, attempts = fields[2], tonumber(fields[4])
    if redis.call('HGET', waiting, contact) == rank .. ' ' .. entry then redis.call('HDEL', waiting, contact) end
    if redis.call('EXISTS', lease_of(contact)) == 1 then
      note_again(contact, rank)
      return drop(rank, entry)
    end
    local fence = next_fence()
    redis.call('SET', lease_of(contact), fence, 'PX', lease_ms)
    redis.call('HDEL', again, contact)
    table.insert(taken, {contact, rank, entry, fence, attempts + deliveries})
  end

  local function take_from(rank, most)
    most = math.min(count, #taken + most)
    -- A little longer than the lease, so that an abandoned bell never meets its own lease.
    for _, lying in ipairs(most > #taken and abandoned(rank, lease_ms + 50, most - #taken) or {}) do
      local claimed = redis.call('XCLAIM', streams[rank], GROUP, CONSUMER, 0, lying[1])[1]
      if claimed then hand_out(rank, lying[1], claimed[2], lying[4] + 1) end
    end
    while #taken < most do
      local read = redis.call('XREADGROUP', 'GROUP', GROUP, CONSUMER, 'COUNT', most - #taken, 'STREAMS', streams[rank], '>')
      if not read then break end
      for _, item in ipairs(read[1][2]) do hand_out(rank, item[1], item[2], 1) end
    end
  end

  ring_what_is_due(now_ms)
  local turn = tonumber(redis.call('HGET', counters, 'turn') or 0)
  take_from(kept_rank, math.floor((turn + count) * share + 1e-9) - math.floor(turn * share + 1e-9))
  for rank = 1, #streams do take_from(rank, count) end
  if #taken > 0 then
    redis.call('HSET', counters, 'turn', turn + #taken)
    return {taken, {}, -1}
  end

  local ends = {}
  for rank, stream in ipairs(streams) do
    -- abandoned() above has made every stream.
    local info = redis.call('XINFO', 'STREAM', stream)
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' then ends[rank] = info[i + 1] end
    end
  end
  local first = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')
  return {taken, ends, first[2] and math.max(0, first[2] - now_ms) or -1}
end

-- contact, rank, entry, fence, lease in ms. Returns 1 while the lease is the caller's.
function verbs.extend(contact, rank, entry, fence, lease_ms)
  if redis.call('GET', lease_of(contact)) ~= fence then return 0 end
  redis.call('PEXPIRE', lease_of(contact), lease_ms)
  redis.call('XCLAIM', streams[tonumber(rank)], GROUP, CONSUMER, 0, entry, 'JUSTID')
  return 1
end

-- contact, rank, entry, fence, attempt, ms after which the bell is to ring again (-1: it is done with)
-- Returns 1 when the lease was the caller's; else nothing is changed.
function verbs.release(contact, rank, entry, fence, attempt, delay_ms)
  if redis.call('GET', lease_of(contact)) ~= fence then return 0 end
  rank, delay_ms = tonumber(rank), tonumber(delay_ms)
  redis.call('DEL', lease_of(contact))
  drop(rank, entry)
  local noted = tonumber(redis.call('HGET', again, contact) or nil)
  redis.call('HDEL', again, contact)
  if noted then queue(contact, noted, 0) end
  if delay_ms == 0 then
    queue(contact, rank, attempt)
  elseif delay_ms > 0 then
    redis.call('ZADD', later, math.floor(now_us() / 1000) + delay_ms, rank .. ' ' .. attempt .. ' ' .. contact)
  end
  return 1
end

return verbs[ARGV[1]](unpack(ARGV, 3))
