"""The view's programs in GLSL 330.

A picture takes three passes. `PROJECT` writes every Gaussian's ellipse and colour into
textures, one fragment a Gaussian, so that its corners need not repeat that. `BLEND` draws
the ellipses from back to front with premultiplied alpha. `SHOW` puts the picture into the
window, beside the photo where one is compared with.

Formulas and limits are those of `spaceport_app.splats.engines.cpu`: Kerbl et al. 2023 with a
0.3 px low-pass, after Zwicker et al. 2001, "EWA Splatting"; opacity compensated for it where
the scene is antialiased (Yu et al. 2024); harmonics after Sloan 2013.
"""

from __future__ import annotations

HIDDEN, FAINT, HIGHLIGHTED = 1, 2, 3
"""Marks of Gaussians that are not drawn as they are; 0 is drawn as it is."""

FAINT_OPACITY = 0.12
"""What is left of the opacity of faint Gaussians, which are drawn grey."""

BATCH = 128
"""Gaussians an instance: fewer and larger instances are faster on every driver."""

_HEADER = "#version 330\n"

WHOLE_VERTEX = (
    _HEADER
    + """
void main() {
    gl_Position = vec4(4.0 * float(gl_VertexID & 1) - 1.0,
                       4.0 * float(gl_VertexID >> 1) - 1.0, 0.0, 1.0);
}
"""
)
"""One triangle over the whole target, without any buffer."""

_PROJECT_FRAGMENT = """
uniform sampler2D base;
uniform sampler2D harmonics;
uniform usampler2D marks;
uniform bool marked;
uniform vec3 highlight;
uniform int per_row;
uniform int count;
uniform vec3 axes[3];
uniform vec3 translation;
uniform vec3 centre;
uniform vec4 intrinsics;
uniform vec4 limits;
uniform vec2 size;
uniform float near;
uniform bool antialiased;
uniform float growth;

layout(location = 0) out vec4 shape;
layout(location = 1) out vec2 reach;
layout(location = 2) out vec4 colour;

const float LOW_PASS = 0.3;

#if DEGREE > 0
vec3 above_degree_0(ivec2 place, vec3 d) {
    float c[4 * TEXELS];
    for (int t = 0; t < TEXELS; t++) {
        vec4 v = texelFetch(harmonics, ivec2(place.x * TEXELS + t, place.y), 0);
        c[4 * t] = v.x; c[4 * t + 1] = v.y; c[4 * t + 2] = v.z; c[4 * t + 3] = v.w;
    }
    float x = d.x, y = d.y, z = d.z;
#define SH(k) vec3(c[3 * (k) - 3], c[3 * (k) - 2], c[3 * (k) - 1])
    vec3 sum = 0.4886025119029199 * (z * SH(2) - y * SH(1) - x * SH(3));
#if DEGREE > 1
    float xx = x * x, yy = y * y, zz = z * z;
    sum += 1.0925484305920792 * (x * y * SH(4) - y * z * SH(5) - x * z * SH(7))
        + 0.31539156525252005 * (2.0 * zz - xx - yy) * SH(6)
        + 0.5462742152960396 * (xx - yy) * SH(8);
#endif
#if DEGREE > 2
    sum += -0.5900435899266435 * y * (3.0 * xx - yy) * SH(9)
        + 2.890611442640554 * x * y * z * SH(10)
        - 0.4570457994644658 * y * (4.0 * zz - xx - yy) * SH(11)
        + 0.3731763325901154 * z * (2.0 * zz - 3.0 * xx - 3.0 * yy) * SH(12)
        - 0.4570457994644658 * x * (4.0 * zz - xx - yy) * SH(13)
        + 1.445305721320277 * z * (xx - yy) * SH(14)
        - 0.5900435899266435 * x * (xx - 3.0 * yy) * SH(15);
#endif
    return sum;
}
#endif

void main() {
    ivec2 place = ivec2(gl_FragCoord.xy);
    shape = vec4(0.0);
    reach = vec2(0.0);
    colour = vec4(0.0);
    if (place.y * per_row + place.x >= count) return;
    uint mark = marked ? texelFetch(marks, place, 0).r : 0u;
    if (mark == HIDDEN) return;
    ivec2 first = ivec2(4 * place.x, place.y);
    vec4 b0 = texelFetch(base, first, 0);
    vec4 b1 = texelFetch(base, first + ivec2(1, 0), 0);
    vec4 b2 = texelFetch(base, first + ivec2(2, 0), 0);
    vec4 b3 = texelFetch(base, first + ivec2(3, 0), 0);
    vec3 mean = b0.xyz;
    vec3 p = vec3(dot(axes[0], mean), dot(axes[1], mean), dot(axes[2], mean)) + translation;
    if (!(p.z > near)) return;

    float inverse = 1.0 / p.z;
    vec2 slope = clamp(p.xy * inverse, limits.xz, limits.yw);
    vec3 t1 = growth * intrinsics.x * inverse * (axes[0] - slope.x * axes[2]);
    vec3 t2 = growth * intrinsics.y * inverse * (axes[1] - slope.y * axes[2]);
    vec3 r0 = b1.xyz, r1 = vec3(b1.w, b2.xy), r2 = vec3(b2.zw, b3.x);
    vec3 m1 = t1.x * r0 + t1.y * r1 + t1.z * r2;
    vec3 m2 = t2.x * r0 + t2.y * r1 + t2.z * r2;
    float a0 = dot(m1, m1), b = dot(m1, m2), c0 = dot(m2, m2);
    vec3 n = cross(m1, m2);
    float det0 = dot(n, n);
    float a = a0 + LOW_PASS, c = c0 + LOW_PASS;
    float det = det0 + LOW_PASS * (a0 + c0) + LOW_PASS * LOW_PASS;
    float opacity = b0.w;
    if (antialiased) opacity *= sqrt(det0 / det);
    if (mark == FAINT) opacity *= FAINT_OPACITY;
    if (mark == HIGHLIGHTED) opacity = max(opacity, 0.6);
    if (!(opacity > 1.0 / 255.0 && det < 1e30)) return;

    float k = sqrt(2.0 * log(255.0 * opacity) + 1e-4);
    vec2 pixel = intrinsics.xy * p.xy * inverse + intrinsics.zw;
    vec2 extent = k * sqrt(vec2(a, c));
    if (any(lessThan(pixel + extent, vec2(0.0))) || any(greaterThan(pixel - extent, size))) return;

    // The Cholesky factor of the covariance maps the unit circle onto the ellipse.
    float edge = sqrt(a);
    shape = vec4(pixel, edge, b / edge);
    reach = vec2(sqrt(det) / edge, k);
    vec3 rgb = 0.5 + 0.28209479177387814 * b3.yzw;
#if DEGREE > 0
    rgb += above_degree_0(place, normalize(mean - centre));
#endif
    if (mark == FAINT) rgb = vec3(dot(rgb, vec3(0.2126, 0.7152, 0.0722)));
    if (mark == HIGHLIGHTED) rgb = highlight;
    colour = vec4(max(rgb, 0.0), opacity);
}
"""

BLEND_VERTEX = (
    _HEADER
    + """
uniform usampler2D order;
uniform sampler2D shapes;
uniform sampler2D reaches;
uniform sampler2D colours;
uniform int order_width;
uniform int per_row;
uniform int begin;
uniform int end;
uniform int count;
uniform vec2 size;

out vec2 place;
flat out vec4 tint;

void main() {
    gl_Position = vec4(0.0, 0.0, 2.0, 1.0);
    place = vec2(0.0);
    tint = vec4(0.0);
    int slot = begin + gl_InstanceID * BATCH + gl_VertexID / 3;
    if (slot >= end) return;
    int i = int(texelFetch(order, ivec2(slot % order_width, slot / order_width), 0).r);
    if (i >= count) return;
    ivec2 at = ivec2(i % per_row, i / per_row);
    vec2 reach = texelFetch(reaches, at, 0).xy;
    if (reach.y == 0.0) return;
    vec4 shape = texelFetch(shapes, at, 0);
    // The triangle around the circle: a third of the vertices less than a square's, half the
    // triangles.
    int corner = gl_VertexID % 3;
    place = reach.y * (corner == 0 ? vec2(0.0, 2.0)
        : vec2(corner == 1 ? -1.7320508075688772 : 1.7320508075688772, -1.0));
    vec2 pixel = shape.xy + vec2(shape.z * place.x, shape.w * place.x + reach.x * place.y);
    gl_Position = vec4(2.0 * pixel.x / size.x - 1.0, 1.0 - 2.0 * pixel.y / size.y, 0.0, 1.0);
    tint = texelFetch(colours, at, 0);
}
""".replace("BATCH", str(BATCH))
)

BLEND_FRAGMENT = (
    _HEADER
    + """
in vec2 place;
flat in vec4 tint;
out vec4 pixel;

void main() {
    float alpha = min(tint.a * exp(-0.5 * dot(place, place)), 0.999);
    if (alpha < 1.0 / 255.0) discard;
    pixel = vec4(tint.rgb * alpha, alpha);
}
"""
)

_SHOW_FRAGMENT = """
uniform sampler2D picture;
uniform sampler2D photo;
uniform sampler2D before;
uniform float fade;
uniform vec2 size;
uniform vec3 background;
uniform vec3 line;
uniform vec4 frame;
uniform float split;
uniform float line_width;
out vec4 pixel;

void main() {
    vec2 at = gl_FragCoord.xy;
#if SCALED
    vec4 splat = texture(picture, at / size);
#else
    vec4 splat = texelFetch(picture, ivec2(at), 0);
#endif
#if FADED
    splat = mix(texture(before, at / size), splat, fade);
#endif
    vec3 rgb = clamp(splat.rgb + (1.0 - splat.a) * background, 0.0, 1.0);
#if WIPED
    vec2 within = vec2(at.x - frame.x, size.y - at.y - frame.y) / frame.zw;
    bool inside = all(greaterThanEqual(within, vec2(0.0))) && all(lessThan(within, vec2(1.0)));
    if (inside) {
        float from_line = at.x - frame.x - split * frame.z;
        if (from_line < 0.0) rgb = texture(photo, within).rgb;
        if (abs(from_line) < 0.5 * line_width) rgb = line;
    }
#endif
    pixel = vec4(rgb, 1.0);
}
"""


def project_fragment(degree: int, texels: int) -> str:
    """Return the projecting program for scenes with harmonics of this degree."""
    numbers = {
        "DEGREE": degree,
        "TEXELS": texels,
        "HIDDEN": f"{HIDDEN}u",
        "FAINT": f"{FAINT}u",
        "HIGHLIGHTED": f"{HIGHLIGHTED}u",
        "FAINT_OPACITY": FAINT_OPACITY,
    }
    defines = "".join(f"#define {name} {value}\n" for name, value in numbers.items())
    return f"{_HEADER}{defines}{_PROJECT_FRAGMENT}"


def show_fragment(*, scaled: bool, wiped: bool, faded: bool) -> str:
    """Return the showing program.

    For pictures of another size than the window's, with a photo, or over the picture before it.
    One program for all would have software OpenGL filter textures for nothing.
    """
    switches = f"#define SCALED {int(scaled)}\n#define WIPED {int(wiped)}\n"
    return f"{_HEADER}{switches}#define FADED {int(faded)}\n{_SHOW_FRAGMENT}"
