-- Decides which version answers a request, as Serin's gateway does: rules, the override header, the hash.
-- `../proxy/request.lua` stands before it, and reads; before that, `claims`: what is said of a client and its way.
-- It is part of the route configuration, behind the table of the same revision: `serin` is what `table-lua.ts` writes.
-- What it decides it leaves in the dynamic metadata of the request, which routes and the access log read and no client can write.
local bxor, band, rshift, lshift, tobit = bit.bxor, bit.band, bit.rshift, bit.lshift, bit.tobit
local multiplier, range = 0x5bd1e995, 0x100000000

-- 32-bit product: a double holds 16 bits times 31 exactly.
local function times(a)
  return tobit(lshift(tobit(rshift(a, 16) * multiplier), 16) + band(a, 0xffff) * multiplier)
end

-- 32-bit MurmurHash2 with seed 0, the function behind nginx's split_clients.
local function murmur2(bytes)
  local length = #bytes
  local hash, at = tobit(length), 1
  while at + 3 <= length do
    local a, b, c, d = byte(bytes, at, at + 3)
    local word = times(tobit(a + b * 0x100 + c * 0x10000 + d * 0x1000000))
    word = times(bxor(word, rshift(word, 24)))
    hash = bxor(times(hash), word)
    at = at + 4
  end
  if at <= length then
    local tail = 0
    for i = length, at, -1 do tail = lshift(tail, 8) + byte(bytes, i) end
    hash = times(bxor(hash, tail))
  end
  hash = times(bxor(hash, rshift(hash, 13)))
  return bxor(hash, rshift(hash, 15)) % range
end

local function bytes_of(handle, name)
  local headers = handle:headers()
  local count = headers:getNumValues(name)
  if count == 0 then return nil end
  local value = headers:getAtIndex(name, 0) or ""
  for i = 1, count - 1 do value = value .. ", " .. (headers:getAtIndex(name, i) or "") end
  return value
end

local function header_of(handle, name)
  return text_of(bytes_of(handle, name))
end

local function target_of(handle)
  return text_of(handle:headers():get(":path")) or ""
end

-- Who connected. Its port is always told.
local function peer_of(handle)
  return bare_address(handle:streamInfo():downstreamDirectRemoteAddress())
end

local readers = {
  header = header_of,
  cookie = function(handle, name) return cookie_in(header_of(handle, "cookie") or "", name) end,
  query = function(handle, name) return query_in(target_of(handle), name) end,
  address = function(_, _, client) return client end,
  path = function(handle) return path_in(target_of(handle)) end,
}

local function value_of(handle, source, client)
  return readers[source.from](handle, source.name, client)
end

local tests = {
  present = function(value, wanted) return (value ~= nil) == wanted end,
  prefix = function(value, wanted) return value ~= nil and sub(value, 1, #wanted) == wanted end,
  contains = function(value, wanted) return value ~= nil and find(value, wanted, 1, true) ~= nil end,
  ["in"] = function(value, wanted) return value ~= nil and wanted[value] == true end,
}

local trusted = networks_of(serin.trusted)
local known, picks, total = {}, {}, 0
for _, arm in ipairs(serin.arms) do
  known[arm.version] = true
  if arm.weight > 0 then
    total = total + arm.weight
    picks[#picks + 1] = { below = math.floor(total * 0xffffffff / 10000), version = arm.version }
  end
end
-- The last one is open-ended, as `*` in split_clients.
if #picks > 0 then picks[#picks].below = range end

local function picked(hash)
  for _, each in ipairs(picks) do
    if hash < each.below then return each.version end
  end
end

local function fits(handle, rule)
  for _, each in ipairs(rule.conditions) do
    if not tests[each.test](value_of(handle, each), each.wanted) then return false end
  end
  return #rule.conditions > 0
end

-- Each worker has a Lua of its own, which without a seed would draw as every other.
math.randomseed(os.time() + os.clock() * 1e6 + tonumber(string.match(tostring({}), "0x(%x+)") or "0", 16) % range)

local function decide(handle, unit, door)
  if door == "preview" then return serin.canary or serin.stable, "override" end
  for _, rule in ipairs(serin.rules) do
    if fits(handle, rule) then
      return rule.to == "canary" and (serin.canary or serin.stable) or serin.stable, "rule"
    end
  end
  if serin.override ~= nil then
    local named = header_of(handle, serin.override)
    if named ~= nil and known[named] then return named, "override" end
  end
  return picked(unit and murmur2(serin.salt .. unit) or math.random() * range), "hash"
end

-- For the driver alone: which table is in force, and where the hash sends a unit.
local function answer(handle, target)
  local body
  if target == "/split" then
    local probe = text_of(handle:headers():get("serin-probe")) or ""
    body = picked(murmur2(serin.salt .. probe)) or ""
  else
    local arms = {}
    for i, arm in ipairs(serin.arms) do arms[i] = "[" .. quoted(arm.version) .. "," .. arm.weight .. "]" end
    local told = serin.revision and '"revision":' .. serin.revision .. ',"epoch":' .. serin.epoch or '"revision":null'
    body = "{" .. told .. ',"arms":[' .. table.concat(arms, ",") .. "]}"
    local mark = string.match(target, "^/table%?mark=(%x+)$")
    if mark ~= nil then handle:streamInfo():dynamicMetadata():set("serin", "mark", mark) end
  end
  handle:respond({ [":status"] = "200", ["content-type"] = "text/plain" }, body)
end

-- What is said of a client and its way is kept of those only that are believed.
local function forward(handle, is_trusted, told_for)
  local headers = handle:headers()
  headers:replace("x-forwarded-for", told_for)
  if is_trusted then return end
  for _, name in ipairs(claims) do headers:remove(name) end
  headers:remove("x-forwarded-host")
  headers:replace("x-forwarded-proto", "http")
end

function envoy_on_request(handle)
  local metadata = handle:streamInfo():dynamicMetadata()
  local mine = metadata:get("serin")
  local door = mine ~= nil and mine["door"] or nil
  if door == "control" then
    answer(handle, target_of(handle))
    return
  end
  if #picks == 0 then return end
  local client, is_trusted, told_for = client_of(trusted, peer_of(handle), bytes_of(handle, "x-forwarded-for"))
  local unit
  for _, source in ipairs(serin.unit) do
    unit = value_of(handle, source, client)
    if unit ~= nil and unit ~= "" then break end
    unit = nil
  end
  local version, by = decide(handle, unit, door)
  local told = { serin.revision, by, "=" .. encoded(version), "=" .. encoded(unit or "") }
  for _, source in ipairs(serin.looks) do told[#told + 1] = "=" .. encoded(value_of(handle, source) or "") end
  metadata:set("serin", "version", version)
  metadata:set("serin", "decided", table.concat(told, " "))
  forward(handle, is_trusted, told_for)
  -- Routes are chosen by what was just decided. Before Envoy 1.31 only a change of headers made it choose anew.
  if handle.clearRouteCache ~= nil then
    handle:clearRouteCache()
  else
    handle:headers():remove("serin-decided")
  end
end
