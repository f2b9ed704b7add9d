-- Owns one sender's pace: a token bucket and who waits for it. One call is one atomic step.
--
-- KEYS  1 bucket   hash: tokens, at (ms of the last count), held_until (ms), credit (replies' turns owed, in tokens)
--       2 address  the ms from which this address may be written to again
--       3...       one sorted set a lane, most urgent first: those who wait, by the ms at which they will ask again
-- ARGV  1 verb, 2 now in ms ('' = this server's own time), 3... the verb's own

local bucket, address = KEYS[1], KEYS[2]
local waiters = {unpack(KEYS, 3)}
local GRACE = 250      -- ms that somebody who was told to come back may be late before their place is given away
local LONGEST = 1000   -- ms that anybody is told to wait for tokens, so that the dead do not hold a place for long

local function now_ms()
  if ARGV[2] ~= '' then return tonumber(ARGV[2]) end
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000
end

local function text(number) return string.format('%.3f', number) end

local now = now_ms()

-- The key lives a minute longer than it means anything: the value decides, and clocks in tests run faster than Redis.
local function keep_address_until(ms)
  redis.call('SET', address, text(ms), 'PX', math.ceil(ms - now) + 60000)
end

local verbs = {}

-- seconds, 1 for the whole sender or 0 for the address
function verbs.hold(seconds, is_for_all)
  local until_ms = now + seconds * 1000
  if is_for_all == '1' then
    until_ms = math.max(until_ms, tonumber(redis.call('HGET', bucket, 'held_until') or 0))
    redis.call('HSET', bucket, 'held_until', text(until_ms))
  else
    until_ms = math.max(until_ms, tonumber(redis.call('GET', address) or 0))
    keep_address_until(until_ms)
  end
  return '0'
end

-- rank of the lane, rank of the lane with the kept share, that share, name of who asks, tokens wanted,
-- tokens a second, tokens in a full bucket, seconds between two messages to the address. Returns seconds to wait.
function verbs.acquire(rank, kept, share, name, cost, rate, burst, pace)
  rank, kept, share = tonumber(rank), tonumber(kept), tonumber(share)
  cost, rate, burst, pace = tonumber(cost), tonumber(rate), tonumber(burst), tonumber(pace)
  local token_ms = 1000 / rate
  local state = redis.call('HMGET', bucket, 'tokens', 'at', 'held_until', 'credit')
  -- Nothing remembered may mean that Redis was emptied a moment ago: begin with an empty bucket, not with a burst.
  local tokens = tonumber(state[1] or 0) + math.max(0, now - (state[2] or now)) / token_ms
  tokens = math.min(burst, tokens)
  local held_until, credit = tonumber(state[3] or 0), tonumber(state[4] or 0)

  local function save()
    redis.call('HSET', bucket, 'tokens', string.format('%.9f', tokens), 'at', text(now), 'credit', credit)
  end

  local blocked_until = math.max(held_until, tonumber(redis.call('GET', address) or 0))
  if blocked_until > now then
    redis.call('ZREM', waiters[rank], name)  -- whoever waits for something else does not keep others from the tokens
    save()
    return text((blocked_until - now) / 1000)
  end

  local more_urgent = 0  -- how many wait in lanes before ours
  for lane, key in ipairs(waiters) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - GRACE)
    if lane < rank then more_urgent = more_urgent + redis.call('ZCARD', key) end
  end
  local is_known = redis.call('ZSCORE', waiters[rank], name)

  local is_replies_turn = credit >= 1 - share - 1e-9
  local must_yield
  if rank == kept then
    must_yield = more_urgent > 0 and not is_replies_turn
  elseif rank < kept then
    must_yield = is_replies_turn and redis.call('ZCOUNT', waiters[kept], '-inf', now) > 0
  else
    must_yield = more_urgent > 0
  end

  local need = math.min(cost, burst)  -- a message dearer than a full bucket leaves a debt
  if not must_yield and tokens >= need - 1e-6 then
    tokens = tokens - cost
    if rank < kept then
      credit = math.min(credit + share * cost, math.max(1, cost, share * rate))
    elseif rank == kept and more_urgent > 0 then
      credit = credit - (1 - share) * cost
    end
    redis.call('ZREM', waiters[rank], name)
    if pace > 0 then keep_address_until(now + pace * 1000) end
    save()
    return '0'
  end

  -- When to ask again: once the tokens should be there, behind those of our lane and of more urgent ones.
  local due = now + math.max(0, need - tokens) * token_ms
  local function after_last_of(lane, ms)
    local last = redis.call('ZRANGE', waiters[lane], -1, -1, 'WITHSCORES')[2]
    if last then due = math.max(due, last + ms) end
  end
  if rank == kept and must_yield then
    due = math.max(due, now + (1 - share - credit) / share * token_ms)
  elseif rank > kept then
    for lane = 1, rank - 1 do after_last_of(lane, need * token_ms) end
  end
  if not is_known then after_last_of(rank, need * token_ms) end
  due = math.min(math.max(due, now + math.min(token_ms, 100)), now + LONGEST)
  redis.call('ZADD', waiters[rank], due, name)
  redis.call('PEXPIRE', waiters[rank], 60000)
  save()
  return text((due - now) / 1000)
end

return verbs[ARGV[1]](unpack(ARGV, 3))
