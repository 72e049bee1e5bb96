// The ground: boxes, height field and floor, with a grid of 0.5 m drawn on every surface.

import * as THREE from "wmp/three";
import { themed } from "wmp/colours";

const FLOOR_SIZE = 120; // m
const CLEAR = 0.3; // m around the line from the eye to the robot in which walls are see-through
const SOLID = 0.75; // m from which on they are solid

export class Ground {
  constructor() {
    this.root = new THREE.Group();
    // Surfaces are drawn twice: solid where they hide nothing, and as a veil where they hide the robot.
    this.uniforms = { lineColour: { value: new THREE.Color() }, robot: { value: new THREE.Vector3() } };
    this.solid = gridMaterial(this.uniforms, false);
    this.veil = gridMaterial(this.uniforms, true);
    this.edges = new THREE.LineBasicMaterial({ transparent: true, opacity: 0.75 });
    this.show(null);
  }

  recolour() {
    for (const material of [this.solid, this.veil]) material.color.set(themed("ground"));
    this.uniforms.lineColour.value.set(themed("grid"));
    this.edges.color.set(themed("edge"));
  }

  // Walls between the eye and `place` become see-through.
  reveal(place) {
    this.uniforms.robot.value.copy(place);
  }

  // terrain: the `terrain` item, or null for a plane.
  show(terrain) {
    this.root.clear();
    const floor = terrain?.floor ?? 0;
    const plane = this.surface(new THREE.PlaneGeometry(FLOOR_SIZE, FLOOR_SIZE));
    plane.position.z = floor;
    for (const box of terrain?.boxes ?? []) this.box(box);
    if (terrain?.field) this.field(terrain.field);
  }

  surface(geometry) {
    const mesh = new THREE.Mesh(geometry, this.solid);
    mesh.receiveShadow = true;
    mesh.add(new THREE.Mesh(geometry, this.veil));
    this.root.add(mesh);
    return mesh;
  }

  box({ centre, half, quaternion: [w, x, y, z] }) {
    const geometry = new THREE.BoxGeometry(...half.map((side) => 2 * side));
    const mesh = this.surface(geometry);
    mesh.castShadow = true;
    mesh.position.set(...centre);
    mesh.quaternion.set(x, y, z, w);
    mesh.add(new THREE.LineSegments(new THREE.EdgesGeometry(geometry), this.edges));
  }

  field({ rows, columns, centre, half, heights_mm: text }) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const heights = new Int16Array(bytes.buffer);
    const geometry = new THREE.PlaneGeometry(2 * half[0], 2 * half[1], columns - 1, rows - 1);
    const place = geometry.attributes.position;
    // three.js numbers the rows of a plane from +y to -y.
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        place.setZ((rows - 1 - row) * columns + column, heights[row * columns + column] / 1000);
      }
    }
    geometry.computeVertexNormals();
    const mesh = this.surface(geometry);
    mesh.castShadow = true;
    mesh.position.set(centre[0], centre[1], 0);
  }
}

function gridMaterial(uniforms, isVeil) {
  const material = new THREE.MeshStandardMaterial({ roughness: 0.95, metalness: 0, side: THREE.DoubleSide, transparent: isVeil, depthWrite: !isVeil });
  material.customProgramCacheKey = () => `grid ${isVeil}`;
  material.onBeforeCompile = (shader) => {
    Object.assign(shader.uniforms, uniforms);
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", "#include <common>\nvarying vec3 place;\nvarying vec3 up;")
      .replace("#include <begin_vertex>", "#include <begin_vertex>\nplace = (modelMatrix * vec4(position, 1.0)).xyz;\nup = mat3(modelMatrix) * normal;");
    shader.fragmentShader = shader.fragmentShader
      .replace("#include <common>", "#include <common>\nvarying vec3 place;\nvarying vec3 up;\nuniform vec3 lineColour;\nuniform vec3 robot;")
      .replace("#include <color_fragment>", `#include <color_fragment>
        vec3 sight = robot - cameraPosition;
        float along = dot(place - cameraPosition, sight) / dot(sight, sight);
        float aside = length(place - cameraPosition - along * sight);
        bool hides = along > 0.0 && along < 1.0 && aside < ${SOLID.toFixed(2)} && place.z > robot.z - 0.05;
        if (hides != ${isVeil}) discard;
        if (hides) diffuseColor.a = mix(0.08, 1.0, smoothstep(${CLEAR.toFixed(2)}, ${SOLID.toFixed(2)}, aside));
        vec2 cell = place.xy * 2.0;
        vec2 width = fwidth(cell);
        vec2 far = abs(fract(cell - 0.5) - 0.5) / max(width, vec2(1e-4));
        float line = 1.0 - min(min(far.x, far.y), 1.0);
        line *= (1.0 - smoothstep(0.15, 0.6, max(width.x, width.y))) * smoothstep(0.3, 0.7, abs(up.z));
        diffuseColor.rgb = mix(diffuseColor.rgb, lineColour, line);`);
  };
  return material;
}
