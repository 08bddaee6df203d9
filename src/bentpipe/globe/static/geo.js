// Geodesy of the views: WGS 84, and the "scaled" space in which the ellipsoid is the unit sphere.
//
// Scaled space divides x and y by the equatorial radius and z by the polar one. Straight lines stay straight in it, so
// that what is hidden behind the Earth is found exactly with the simple rules of a sphere.

export const A_M = 6378137.0;
export const FLATTENING = 1 / 298.257223563;
export const B_M = A_M * (1 - FLATTENING);
export const DEG = Math.PI / 180;

/** Longitude in -180 (included) to 180. */
export function wrapLongitude(deg) {
  return deg - 360 * Math.floor((deg + 180) / 360);
}

/** Point of the ellipsoid in scaled space: of length 1. */
export function groundScaled(latitudeDeg, longitudeDeg) {
  const reduced = Math.atan((1 - FLATTENING) * Math.tan(latitudeDeg * DEG));
  const c = Math.cos(reduced);
  return [c * Math.cos(longitudeDeg * DEG), c * Math.sin(longitudeDeg * DEG), Math.sin(reduced)];
}

/** Latitude and longitude, degrees, of a point of the ellipsoid in scaled space. */
export function geodeticOfScaled(p) {
  const latitude = Math.atan2(p[2], (1 - FLATTENING) * Math.hypot(p[0], p[1]));
  return { latitude_deg: latitude / DEG, longitude_deg: Math.atan2(p[1], p[0]) / DEG };
}

/** Point at a height over the ellipsoid, Earth-fixed, m. */
export function earthFixed(latitudeDeg, longitudeDeg, heightM) {
  const s = Math.sin(latitudeDeg * DEG), c = Math.cos(latitudeDeg * DEG);
  const e2 = FLATTENING * (2 - FLATTENING);
  const n = A_M / Math.sqrt(1 - e2 * s * s);
  return [
    (n + heightM) * c * Math.cos(longitudeDeg * DEG),
    (n + heightM) * c * Math.sin(longitudeDeg * DEG),
    (n * (1 - e2) + heightM) * s,
  ];
}

/** Latitude, longitude, degrees, below an Earth-fixed point in m (Bowring 1976: far below 1 m at satellites' heights). */
export function geodeticOf(p) {
  const e2 = FLATTENING * (2 - FLATTENING), second = e2 / (1 - e2);
  const across = Math.hypot(p[0], p[1]);
  const t = Math.atan2(p[2] * A_M, across * B_M);
  const latitude = Math.atan2(p[2] + second * B_M * Math.sin(t) ** 3, across - e2 * A_M * Math.cos(t) ** 3);
  return { latitude_deg: latitude / DEG, longitude_deg: Math.atan2(p[1], p[0]) / DEG };
}

/** Whether the Earth lies between the eye and a point, both in scaled space. */
export function behindEarth(eye, p) {
  const d = [p[0] - eye[0], p[1] - eye[1], p[2] - eye[2]];
  const dd = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
  const t = -(eye[0] * d[0] + eye[1] * d[1] + eye[2] * d[2]) / dd;
  if (t <= 0 || t >= 1) return false;
  const q = [eye[0] + t * d[0], eye[1] + t * d[1], eye[2] + t * d[2]];
  // A point on the ground must not be hidden by rounding.
  return q[0] * q[0] + q[1] * q[1] + q[2] * q[2] < 1 - 1e-6;
}

/** Ring of [lon, lat, lon, lat, ...] with longitudes that do not jump at the 180th meridian; closed over a pole. */
export function unwrapped(ring) {
  const out = Array.from(ring);
  for (let i = 2; i < out.length; i += 2) out[i] -= 360 * Math.round((out[i] - out[i - 2]) / 360);
  const turn = out.length >= 4 ? out[out.length - 2] - out[0] : 0;
  if (Math.abs(turn) > 180) {
    const pole = out[1] < 0 ? -90 : 90;
    out.push(out[out.length - 2], pole, out[0], pole);
  }
  return out;
}

/**
 * Box of cells and some of what lies around it, where fine outlines are drawn; longitudes as in `bounds`. It lies
 * within that of the outlines that the server gives (globe/outlines.py): beyond those there would be sea.
 */
export function detailBox(bounds) {
  const wide = bounds.east - bounds.west, tall = bounds.north - bounds.south;
  const narrow = Math.max(0.1, Math.cos(((bounds.north + bounds.south) / 2) * DEG));
  const across = Math.min(Math.max(6.5 / narrow, 0.45 * wide), (359 - wide) / 2), up = Math.max(6.5, 0.45 * tall);
  return {
    west: bounds.west - across,
    east: bounds.east + across,
    south: Math.max(-90, bounds.south - up),
    north: Math.min(90, bounds.north + up),
  };
}

/** Whether a place lies in a box, whose longitudes may go beyond 180. */
export function inBox(box, longitude, latitude) {
  if (latitude < box.south || latitude > box.north) return false;
  const east = longitude - 360 * Math.floor((longitude - box.west) / 360);
  return east <= box.east;
}

/** Number of the cell drawn at a place, or -1. */
export function cellAt(cells, index, latitude, longitude) {
  const box = cells.index;
  if (latitude < box.south || latitude > box.north) return -1;
  const east = longitude - 360 * Math.floor((longitude - box.west) / 360);
  const column = Math.floor(((east - box.west) / (box.east - box.west)) * box.width);
  const row = Math.floor(((box.north - latitude) / (box.north - box.south)) * box.height);
  if (column < 0 || column >= box.width || row < 0 || row >= box.height) return -1;
  return index[row * box.width + column] - 1;
}

/** Edges of rings as segments [lon, lat, lon, lat], without those along the map's own edges. */
export function segmentsOf(rings, keep) {
  const out = [];
  for (const ring of rings) {
    for (let i = 0; i + 3 < ring.length; i += 2) {
      const [x0, y0, x1, y1] = [ring[i], ring[i + 1], ring[i + 2], ring[i + 3]];
      const seam = Math.abs(x0) > 179.99 && Math.abs(x1) > 179.99;
      if (seam || (y0 < -89.5 && y1 < -89.5) || Math.abs(x1 - x0) > 180) continue;
      if (keep((x0 + x1) / 2, (y0 + y1) / 2)) out.push(x0, y0, x1, y1);
    }
  }
  return out;
}

/** Draws rings of land into a canvas of a box (as a mask: white on black), through the 180th meridian where they go. */
export function landCanvas(rings, box, width, height, sea = "#000", land = "#fff") {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  paint.fillStyle = sea;
  paint.fillRect(0, 0, width, height);
  paint.fillStyle = land;
  const sx = width / (box.east - box.west), sy = height / (box.north - box.south);
  for (const ring of rings) {
    const line = unwrapped(ring);
    let west = Infinity, east = -Infinity;
    for (let i = 0; i < line.length; i += 2) {
      west = Math.min(west, line[i]);
      east = Math.max(east, line[i]);
    }
    for (const shift of [-720, -360, 0, 360, 720]) {
      if (east + shift < box.west || west + shift > box.east) continue;
      paint.beginPath();
      for (let i = 0; i < line.length; i += 2) {
        paint.lineTo((line[i] + shift - box.west) * sx, (box.north - line[i + 1]) * sy);
      }
      paint.fill();
    }
  }
  return canvas;
}

/** The part of a ring [x, y, x, y, ...] that lies within a box [x0, y0, x1, y1] (Sutherland and Hodgman 1974). */
export function clipped(ring, box) {
  let line = ring;
  for (let edge = 0; edge < 4; edge++) {
    const axis = edge & 1, limit = box[edge], sign = edge < 2 ? 1 : -1, out = [];
    for (let i = 0; i < line.length; i += 2) {
      const j = i === 0 ? line.length - 2 : i - 2;
      const before = sign * (line[j + axis] - limit), now = sign * (line[i + axis] - limit);
      if ((before < 0) !== (now < 0)) {
        const t = before / (before - now);
        out.push(line[j] + t * (line[i] - line[j]), line[j + 1] + t * (line[i + 1] - line[j + 1]));
      }
      if (now >= 0) out.push(line[i], line[i + 1]);
    }
    line = out;
  }
  return line;
}
