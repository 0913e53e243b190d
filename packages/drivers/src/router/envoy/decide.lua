-- Decides which version answers a request, as Serin's gateway does: rules, the override header, the hash.
-- It is part of the route configuration, behind the table of the same revision: `serin` is what `table-lua.ts` writes.
-- What it decides it leaves in the dynamic metadata of the request, which routes and the access log read and no client can write.
local find, gsub, sub, byte, char = string.find, string.gsub, string.sub, string.byte, string.char
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

local function encoded(text)
  return (gsub(text, "[^%w._-]", function(c) return string.format("%%%02x", byte(c)) end))
end

local function unescaped(text)
  return gsub(text, "%%(%x%x)", function(code) return char(tonumber(code, 16)) end)
end

-- The first bytes of characters: how many follow, and what the next may be. No surrogates, nothing that could be shorter.
local function following(first, next)
  if first < 0x80 then return 0 end
  if first >= 0xc2 and first <= 0xdf then return 1 end
  if first == 0xe0 then return next >= 0xa0 and 2 or nil end
  if first == 0xed then return next <= 0x9f and 2 or nil end
  if first >= 0xe1 and first <= 0xef then return 2 end
  if first == 0xf0 then return next >= 0x90 and 3 or nil end
  if first == 0xf4 then return next <= 0x8f and 3 or nil end
  if first >= 0xf1 and first <= 0xf3 then return 3 end
  return nil
end

local function is_utf8(bytes)
  local at = 1
  while at <= #bytes do
    local more = following(byte(bytes, at), byte(bytes, at + 1) or 0)
    if more == nil then return false end
    for i = at + 1, at + more do
      local each = byte(bytes, i)
      if each == nil or each < 0x80 or each > 0xbf then return false end
    end
    at = at + more + 1
  end
  return true
end

-- Header bytes that are no UTF-8 are read as Latin-1.
local function text_of(bytes)
  if bytes == nil or not find(bytes, "[\128-\255]") or is_utf8(bytes) then return bytes end
  return (gsub(bytes, "[\128-\255]", function(c) return char(0xc0 + rshift(byte(c), 6), 0x80 + band(byte(c), 0x3f)) end))
end

local function query_text(text)
  local spaced = gsub(text, "+", " ")
  local raw, codes = unescaped(spaced)
  local _, signs = gsub(spaced, "%%", "")
  if codes ~= signs or not is_utf8(raw) then return spaced end
  return raw
end

local function header_of(handle, name)
  local headers = handle:headers()
  local count = headers:getNumValues(name)
  if count == 0 then return nil end
  local value = headers:getAtIndex(name, 0) or ""
  for i = 1, count - 1 do value = value .. ", " .. (headers:getAtIndex(name, i) or "") end
  return text_of(value)
end

local function target_of(handle)
  return text_of(handle:headers():get(":path")) or ""
end

local function cookie_of(handle, name)
  local all = header_of(handle, "cookie") or ""
  local at = 1
  while at <= #all do
    local stop = find(all, ";", at, true) or #all + 1
    while byte(all, at) == 32 do at = at + 1 end
    if sub(all, at, at + #name) == name .. "=" then
      return (gsub(gsub(sub(all, at + #name + 1, stop - 1), "^%s+", ""), "%s+$", ""))
    end
    at = stop + 1
  end
  return nil
end

local function query_of(handle, name)
  local target = target_of(handle)
  local start = find(target, "?", 1, true)
  if start == nil then return nil end
  for pair in string.gmatch(sub(target, start + 1) .. "&", "([^&]*)&") do
    local equals = find(pair, "=", 1, true)
    if query_text(equals and sub(pair, 1, equals - 1) or pair) == name then
      return equals and query_text(sub(pair, equals + 1)) or ""
    end
  end
  return nil
end

-- Without the port.
local function address_of(handle)
  local told = handle:streamInfo():downstreamDirectRemoteAddress()
  return (gsub(gsub(gsub(told, ":%d+$", ""), "^%[", ""), "%]$", ""))
end

local readers = {
  header = header_of,
  cookie = cookie_of,
  query = query_of,
  address = address_of,
  path = function(handle) return (gsub(target_of(handle), "?.*$", "")) end,
}

local function value_of(handle, source)
  return readers[source.from](handle, source.name)
end

local tests = {
  present = function(value, wanted) return (value ~= nil) == wanted end,
  prefix = function(value, wanted) return value ~= nil and sub(value, 1, #wanted) == wanted end,
  contains = function(value, wanted) return value ~= nil and find(value, wanted, 1, true) ~= nil end,
  ["in"] = function(value, wanted) return value ~= nil and wanted[value] == true end,
}

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

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\]', function(c) return string.format("\\u%04x", byte(c)) end) .. '"'
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
    body = '{"revision":' .. (serin.revision or "null") .. ',"arms":[' .. table.concat(arms, ",") .. "]}"
    local mark = string.match(target, "^/table%?mark=(%x+)$")
    if mark ~= nil then handle:streamInfo():dynamicMetadata():set("serin", "mark", mark) end
  end
  handle:respond({ [":status"] = "200", ["content-type"] = "text/plain" }, body)
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
  local unit
  for _, source in ipairs(serin.unit) do
    unit = value_of(handle, source)
    if unit ~= nil and unit ~= "" then break end
    unit = nil
  end
  local version, by = decide(handle, unit, door)
  local told = { serin.revision, by, "=" .. encoded(version), "=" .. encoded(unit or "") }
  for _, source in ipairs(serin.looks) do told[#told + 1] = "=" .. encoded(value_of(handle, source) or "") end
  metadata:set("serin", "version", version)
  metadata:set("serin", "decided", table.concat(told, " "))
  -- Routes are chosen by what was just decided. Before Envoy 1.31 only a change of headers made it choose anew.
  if handle.clearRouteCache ~= nil then
    handle:clearRouteCache()
  else
    handle:headers():remove("serin-decided")
  end
end
