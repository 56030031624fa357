-- What wrk sends: the requests given after `--`, in turn, each as method, path, Authorization and body; before them the first
-- number that takes the place of {n}. At the end one line of figures.
local requests, turn, number = {}, 0, 0

function init(args)
  number = tonumber(args[1])
  for i = 2, #args, 4 do
    local method, path, authorization, body = args[i], args[i + 1], args[i + 2], args[i + 3]
    local headers = { ["Authorization"] = authorization }
    if body ~= "" then headers["Content-Type"] = "application/json" end
    local request = { method = method, path = path, headers = headers, body = body }
    if not body:find("{n}", 1, true) then request.made = wrk.format(method, path, headers, body ~= "" and body or nil) end
    requests[#requests + 1] = request
  end
end

function request()
  turn = turn % #requests + 1
  local one = requests[turn]
  if one.made then return one.made end
  number = number + 1
  return wrk.format(one.method, one.path, one.headers, (one.body:gsub("{n}", tostring(number))))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"answers":%d,"refused":%d,"broken":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
