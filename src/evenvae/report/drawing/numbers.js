// Numbers and times as texts: exact ones for the pointer, short ones for the ticks of an axis.

const SUFFIXES = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
const known = (value) => value !== null && value !== undefined && value !== "";

const signed = (text) => text.replace("-", "−");
const percentText = (value, digits) => known(value) ? signed((100 * value).toFixed(digits)) + " %" : "not known";

function powerText(value, digits) {
  const [factor, power] = value.toExponential(digits).split("e");
  const raised = [...String(Number(power))].map((c) => c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("");
  return signed(factor === "1" ? `10${raised}` : `${factor}·10${raised}`);
}

function exactText(value) {
  if (!known(value)) return "not known";
  if (typeof value !== "number") return value;
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) return powerText(value);
  const [whole, part] = String(value).split(".");
  const grouped = size < 10000 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return signed(part ? `${grouped}.${part}` : grouped);
}

// A time without the parts that are zero.
function timeText(milliseconds) {
  if (!Number.isFinite(milliseconds)) return "not known";
  const text = new Date(milliseconds).toISOString();
  if (text.endsWith("T00:00:00.000Z")) return text.slice(0, 10);
  return text.slice(0, text.endsWith(":00.000Z") ? 16 : 19).replace("T", " ");
}

// Decimals that keep neighbouring ticks apart.
const decimalsOf = (step) => Math.min(12, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));

function tickTexts(ticks, share) {
  const step = ticks.length > 1 ? Math.min(...ticks.slice(1).map((tick, i) => tick - ticks[i])) : Math.abs(ticks[0]) || 1;
  if (share) return ticks.map((tick) => percentText(tick, decimalsOf(100 * step)));
  const most = Math.max(...ticks.map(Math.abs));
  if (most >= 1e15 || (most > 0 && most < 1e-3)) return ticks.map((tick) => tick === 0 ? "0" : powerText(tick));
  const [unit, suffix] = most >= 1e5 ? SUFFIXES.find(([size]) => most >= size) : [1, ""];
  return ticks.map((tick) => tick === 0 ? "0" : signed((tick / unit).toFixed(decimalsOf(step / unit))) + suffix);
}

function powerTicks(ticks) {
  return ticks.map((tick) => tick < 1e-3 || tick >= 1e5 ? powerText(tick) : exactText(tick));
}
