// GLSL of the globe. All points are in scaled space (see geo.js), where the Earth is the unit sphere.
//
// There is no depth buffer: what the Earth hides is decided from the geometry, exactly, for points in the vertex shader
// and along lines in the fragment shader.

const CAMERA = `
precision highp float;
precision highp int;
uniform vec3 uEye, uRight, uUp, uForward;
uniform vec2 uViewport;
uniform float uRatio;
// x and y are in units of clip space, z is the distance along the view.
vec3 seen(vec3 p) { vec3 d = p - uEye; return vec3(dot(uRight, d), dot(uUp, d), dot(uForward, d)); }
const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);
`;

const HIDDEN = `
bool hidden(vec3 p) {
  vec3 d = p - uEye;
  float t = -dot(uEye, d) / dot(d, d);
  if (t <= 0.0 || t >= 1.0) return false;
  vec3 q = uEye + t * d;
  return dot(q, q) < 1.0 - 2e-6;
}
`;

const SATELLITES = `
precision highp sampler2D;
uniform sampler2D uSatellites;
uniform float uShare;
// Position by the cubic of hermite.js; w is 0 where there is none.
vec4 satellite(int i) {
  ivec2 at = ivec2((i & 255) * 4, i >> 8);
  vec4 c0 = texelFetch(uSatellites, at, 0);
  vec3 c1 = texelFetch(uSatellites, at + ivec2(1, 0), 0).xyz;
  vec3 c2 = texelFetch(uSatellites, at + ivec2(2, 0), 0).xyz;
  vec3 c3 = texelFetch(uSatellites, at + ivec2(3, 0), 0).xyz;
  return vec4(c0.xyz + uShare * (c1 + uShare * (c2 + uShare * c3)), c0.w);
}
`;

// A line as a band of two triangles, its edges soft: lines of GL are one pixel wide and jagged.
const BAND = `
out vec3 vAt;
out float vSide;
out float vHalf;
void cut(float fa, float fb, inout float ta, inout float tb) {
  if (fa < 0.0 && fb < 0.0) tb = -1.0;
  else if (fa < 0.0) ta = max(ta, fa / (fa - fb));
  else if (fb < 0.0) tb = min(tb, fa / (fa - fb));
}
vec4 band(vec3 a, vec3 b, float width) {
  int corner = gl_VertexID & 3;
  float end = float(corner >> 1), side = float(corner & 1) * 2.0 - 1.0;
  vec3 ca = seen(a), cb = seen(b);
  // Cut to a little more than the view, before the width is added: far beyond it float32 could not hold the width.
  float ta = 0.0, tb = 1.0;
  cut(ca.z - 1e-4, cb.z - 1e-4, ta, tb);
  cut(1.5 * ca.z - ca.x, 1.5 * cb.z - cb.x, ta, tb);
  cut(1.5 * ca.z + ca.x, 1.5 * cb.z + cb.x, ta, tb);
  cut(1.5 * ca.z - ca.y, 1.5 * cb.z - cb.y, ta, tb);
  cut(1.5 * ca.z + ca.y, 1.5 * cb.z + cb.y, ta, tb);
  if (ta >= tb) return NOWHERE;
  vec3 pa = mix(ca, cb, ta), pb = mix(ca, cb, tb);
  vec2 sa = pa.xy / pa.z * uViewport * 0.5, sb = pb.xy / pb.z * uViewport * 0.5;
  vec2 along = sb - sa;
  float reach = length(along);
  vec2 across = reach > 1e-6 ? vec2(-along.y, along.x) / reach : vec2(0.0, 1.0);
  float halfWidth = max(0.5, 0.5 * width * uRatio);
  vHalf = halfWidth;
  vSide = side * (halfWidth + 0.5);
  vAt = mix(a, b, end > 0.5 ? tb : ta);
  vec3 p = end > 0.5 ? pb : pa;
  vec2 offset = across * vSide / (uViewport * 0.5) * p.z;
  return vec4(p.xy + offset, 0.0, p.z);
}
`;

const SOFT = `
in vec3 vAt;
in float vSide;
in float vHalf;
float soft() { return clamp(vHalf + 0.5 - abs(vSide), 0.0, 1.0); }
`;

export const earthVertex = `${CAMERA}
in vec2 position;
uniform vec2 uDisc;
uniform vec3 uRayX, uRayY, uRayForward;
out vec3 vRay;
void main() {
  vec2 at = position * uDisc;
  vRay = uRayForward + at.x * uRayX + at.y * uRayY;
  gl_Position = vec4(at, 0.0, 1.0);
}
`;

// How near a ray comes to the Earth's middle: 1 at its edge.
const CLOSEST = `
in vec3 vRay;
out vec4 outColour;
uniform float uEye2;
float closest(float a, float b) { return sqrt(max(uEye2 - b * b / a, 0.0)); }
`;

export const haloVertex = earthVertex;

export const haloFragment = `${CAMERA}${CLOSEST}
uniform vec3 uPage, uHalo;
uniform float uHaloStrength;
void main() {
  float m = closest(dot(vRay, vRay), dot(uEye, vRay));
  outColour = vec4(mix(uPage, uHalo, uHaloStrength * exp(-max(m - 1.0, 0.0) * 42.0)), 1.0);
}
`;

// Parts that are not needed are left out by definitions, not by branches: where GL is computed by the processor, both
// sides of a branch are computed for each pixel.
export const earthFragment = `${CAMERA}${CLOSEST}
precision highp sampler2D;
precision highp usampler2D;
uniform float uFlat, uLimb, uNight, uGrid;
uniform vec3 uSea, uLand, uLine, uHalo, uNightColour, uSun;
uniform sampler2D uWorld, uDetail, uColours;
uniform usampler2D uIndex;
uniform vec4 uDetailBox, uCellBox;   // west, south, spans east and north, degrees
uniform ivec2 uIndexSize;
uniform vec2 uSharp;                 // half the soft edge of land, in the coarse and the fine mask
const float DEGREES = 57.29577951308232;

int number(ivec2 at) { return int(texelFetch(uIndex, clamp(at, ivec2(0), uIndexSize - 1), 0).r); }

#ifdef SMOOTH
// The cell that most of the four nearest texels are of, by their nearness: edges without steps when enlarged.
int elected(vec2 at) {
  ivec2 low = ivec2(floor(at - 0.5));
  vec2 f = at - 0.5 - vec2(low);
  ivec4 n = ivec4(number(low), number(low + ivec2(1, 0)), number(low + ivec2(0, 1)), number(low + 1));
  vec4 w = vec4((1.0 - f.x) * (1.0 - f.y), f.x * (1.0 - f.y), (1.0 - f.x) * f.y, f.x * f.y);
  vec4 votes = vec4(dot(w, vec4(equal(n, ivec4(n.x)))), dot(w, vec4(equal(n, ivec4(n.y)))),
    dot(w, vec4(equal(n, ivec4(n.z)))), dot(w, vec4(equal(n, ivec4(n.w)))));
  float most = max(max(votes.x, votes.y), max(votes.z, votes.w));
  return votes.x >= most ? n.x : votes.y >= most ? n.y : votes.z >= most ? n.z : n.w;
}
#else
int elected(vec2 at) { return number(ivec2(at)); }
#endif

void main() {
  float a = dot(vRay, vRay), b = dot(uEye, vRay);
  float m = closest(a, b);
  float edge = clamp(0.5 - (m - 1.0) / max(fwidth(m), 1e-7), 0.0, 1.0);
  float t = (-b - sqrt(max(b * b - a * (uEye2 - 1.0), 0.0))) / a;
  vec3 q = uEye + t * vRay;
  float across = length(q.xy);
  float lat = atan(q.z, uFlat * across) * DEGREES;
  float lon = atan(q.y, q.x) * DEGREES;

  float land = textureLod(uWorld, vec2(lon / 360.0 + 0.5, 0.5 - lat / 180.0), 0.0).r;
  land = clamp((land - 0.5) / uSharp.x * 0.5 + 0.5, 0.0, 1.0);
#ifdef DETAIL
  vec2 d = vec2(lon - uDetailBox.x, lat - uDetailBox.y);
  d.x -= 360.0 * floor(d.x / 360.0);
  float fine = textureLod(uDetail, vec2(d.x / uDetailBox.z, 1.0 - d.y / uDetailBox.w), 0.0).r;
  fine = clamp((fine - 0.5) / uSharp.y * 0.5 + 0.5, 0.0, 1.0);
  land = d.x <= uDetailBox.z && d.y >= 0.0 && d.y <= uDetailBox.w ? fine : land;
#endif
  vec3 colour = mix(uSea, uLand, land);
  vec2 grid = vec2(lon, lat) / uGrid;
  vec2 off = abs(fract(grid - 0.5) - 0.5) / max(fwidth(grid), vec2(1e-6));
  // Meridians end before they meet at the poles.
  off.x += across < 0.15 ? 1.0 : 0.0;
  colour = mix(colour, uLine, 0.4 * clamp(1.0 - min(off.x, off.y), 0.0, 1.0));
  float slant = 1.0 - clamp(-dot(q, vRay) * inversesqrt(a), 0.0, 1.0);
  colour = mix(colour, uHalo, min(1.0, uLimb * 2.0 * slant * slant));
#ifdef NIGHT
  float day = clamp(dot(q, uSun) / 0.22 + 0.7273, 0.0, 1.0);
  colour = mix(colour, uNightColour, uNight * (1.0 - day * day * (3.0 - 2.0 * day)));
#endif
#ifdef CELLS
  // Cells go over the night: a value has one colour by day and by night.
  vec2 c = vec2(lon - uCellBox.x, uCellBox.y + uCellBox.w - lat);
  c.x -= 360.0 * floor(c.x / 360.0);
  vec2 at = c / uCellBox.zw * vec2(uIndexSize);
  bool inside = all(lessThan(at, vec2(uIndexSize))) && c.y >= 0.0;
  int cell = inside ? elected(at) - 1 : -1;
  vec4 own = texelFetch(uColours, ivec2(max(cell, 0) & 1023, max(cell, 0) >> 10), 0);
  colour = mix(colour, own.rgb, cell < 0 ? 0.0 : own.a);
#endif
  // The halo lies below: the edge is soft against it.
  outColour = vec4(colour, edge);
}
`;

export const borderVertex = `${CAMERA}${BAND}
in vec3 aFrom, aTo;
in float aKind;
uniform vec3 uShown;                 // opacity: coarse borders, fine borders, regions
uniform vec3 uWidths;
out float vOpacity;
out float vKind;
out float vUp;
void main() {
  int kind = int(aKind + 0.5);
  vKind = aKind;
  vOpacity = uShown[kind];
  vUp = dot((gl_VertexID & 2) == 0 ? aFrom : aTo, uEye) - 1.0;
  bool beyond = dot(aFrom, uEye) < 1.0 && dot(aTo, uEye) < 1.0;
  gl_Position = beyond || vOpacity <= 0.0 ? NOWHERE : band(aFrom, aTo, uWidths[kind]);
}
`;

export const borderFragment = `precision highp float;
${SOFT}
in float vOpacity;
in float vKind;
in float vUp;
uniform vec3 uBorder, uRegion;
out vec4 outColour;
void main() {
  if (vUp < 0.0) discard;
  outColour = vec4(vKind > 1.5 ? uRegion : uBorder, vOpacity * soft() * smoothstep(0.0, 0.05, vUp));
}
`;

export const linkVertex = `${CAMERA}${SATELLITES}${HIDDEN}${BAND}
in vec4 aFrom, aTo;                  // x, y, z and -1, or 0, 0, 0 and the number of a satellite
in float aKind;                      // 0 feeder, 1 laser, 2 a site's or the picked place's
uniform vec3 uLinkWidths;
out float vKind;
vec4 end(vec4 given) { return given.w < -0.5 ? vec4(given.xyz, 1.0) : satellite(int(given.w + 0.5)); }
void main() {
  vec4 a = end(aFrom), b = end(aTo);
  vKind = aKind;
  bool unseen = a.w < 0.5 || b.w < 0.5 || (hidden(a.xyz) && hidden(b.xyz));
  gl_Position = unseen ? NOWHERE : band(a.xyz, b.xyz, uLinkWidths[int(aKind + 0.5)]);
}
`;

export const linkFragment = `precision highp float;
precision highp int;
${SOFT}
uniform vec3 uEye;
${HIDDEN}
in float vKind;
uniform vec4 uFeeder, uLaser, uServing;
uniform vec3 uPage;
uniform float uRatio;
out vec4 outColour;
void main() {
  if (hidden(vAt)) discard;
  vec4 own = vKind < 0.5 ? uFeeder : vKind < 1.5 ? uLaser : uServing;
  // Those of sites have an edge of the page's colour, to be told from cells of any colour.
  float core = vKind < 1.5 ? 1.0 : clamp(vHalf - uRatio + 0.5 - abs(vSide), 0.0, 1.0);
  outColour = vec4(mix(uPage, own.rgb, core), own.a * soft() * mix(0.7, 1.0, core));
}
`;

export const satelliteVertex = `${CAMERA}${HIDDEN}
uniform float uShare;
in vec4 a0, a1, a2, a3;              // the cubic of hermite.js
in float aState;
uniform vec4 uSizes;                 // pixels by state; 0 hides
out float vState;
out float vRadius;
void main() {
  int state = int(aState + 0.5);
  float size = uSizes[state] * uRatio;
  vec4 p = vec4(a0.xyz + uShare * (a1.xyz + uShare * (a2.xyz + uShare * a3.xyz)), a0.w);
  vec3 c = seen(p.xyz);
  gl_Position = NOWHERE;
  gl_PointSize = 1.0;
  vState = aState;
  vRadius = 0.5 * size;
  if (size <= 0.0 || p.w < 0.5 || c.z < 1e-4 || hidden(p.xyz)) return;
  gl_Position = vec4(c.xy, 0.0, c.z);
  gl_PointSize = size + 2.0 * uRatio;
}
`;

export const satelliteFragment = `precision highp float;
precision highp int;
in float vState;
in float vRadius;
uniform vec3 uState0, uState1, uState2, uState3, uPage;
uniform float uRatio;
out vec4 outColour;
void main() {
  float d = length(gl_PointCoord - 0.5) * 2.0 * (vRadius + uRatio);
  vec3 own = vState < 0.5 ? uState0 : vState < 1.5 ? uState1 : vState < 2.5 ? uState2 : uState3;
  float inside = clamp(vRadius + 0.5 - d, 0.0, 1.0);
  // A thin ring of the page's colour sets them off from what lies below.
  float ring = clamp(vRadius + uRatio + 0.5 - d, 0.0, 1.0);
  float alpha = max(inside * (vState > 2.5 ? 1.0 : 0.9), ring * (vState > 2.5 ? 0.85 : 0.45));
  if (alpha <= 0.0) discard;
  outColour = vec4(mix(uPage, own, inside), alpha);
}
`;

export const markerVertex = `${CAMERA}
in vec3 position;
in float aKind;                      // 0 site, 1 gateway, 2 picked
uniform vec3 uMarkers;               // 1 where shown
out float vKind;
void main() {
  int kind = int(aKind + 0.5);
  vec3 c = seen(position);
  vKind = aKind;
  gl_Position = NOWHERE;
  gl_PointSize = 1.0;
  if (uMarkers[kind] < 0.5 || c.z < 1e-4 || dot(position, uEye) < 1.0) return;
  gl_Position = vec4(c.xy, 0.0, c.z);
  gl_PointSize = 22.0 * uRatio;
}
`;

export const markerFragment = `precision highp float;
in float vKind;
uniform vec3 uSite, uGateway, uPicked, uPage;
uniform float uRatio;
out vec4 outColour;
void main() {
  vec2 p = (gl_PointCoord - 0.5) * 22.0;
  float r = length(p);
  // Distance outside the shape, pixels of the page: a dot, a diamond, a ring.
  float d = vKind < 0.5 ? r - 3.6 : vKind < 1.5 ? (abs(p.x) + abs(p.y) - 6.0) * 0.7071 : abs(r - 7.5) - 1.1;
  vec3 own = vKind < 0.5 ? uSite : vKind < 1.5 ? uGateway : uPicked;
  float inside = clamp(0.5 - d * uRatio, 0.0, 1.0), ring = clamp(0.5 - (d - 1.4) * uRatio, 0.0, 1.0);
  if (ring <= 0.0) discard;
  outColour = vec4(mix(uPage, own, inside), ring);
}
`;
