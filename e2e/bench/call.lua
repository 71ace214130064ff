-- One chat completion after another; prints what wrk measured in one line of numbers.
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
wrk.body = [[{"model":"gpt-4o-mini","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"Name three rivers in Norway and say where they meet the sea."}],"temperature":0.2,"max_tokens":100}]]

-- One key after another, where there are many.
local keys, made = tonumber(os.getenv("BENCH_KEYS") or "0"), 0
if keys > 0 then
  local name = os.getenv("BENCH_KEY"):gsub("{}", "%%d")
  request = function()
    local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. name:format(made % keys) }
    made = made + 1
    return wrk.format(nil, nil, headers)
  end
end

-- Calls at a given rate: each connection pauses about so many ms before a call.
local pause = tonumber(os.getenv("BENCH_PAUSE_MS") or "0")
if pause > 0 then
  delay = function() return math.random(0, 2 * pause) end
end

done = function(summary, latency, requests)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors))
end
