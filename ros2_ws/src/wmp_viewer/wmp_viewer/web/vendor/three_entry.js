export {
  AmbientLight, ArrowHelper, BoxGeometry, BufferAttribute, BufferGeometry, CapsuleGeometry, Color, CylinderGeometry, DataTexture,
  ConeGeometry, DirectionalLight, Fog, Group, HemisphereLight, Line, LineBasicMaterial, LineSegments,
  Mesh, MeshBasicMaterial, MeshStandardMaterial, PCFShadowMap, PerspectiveCamera, PlaneGeometry, Points, PointsMaterial,
  Quaternion, Scene, ShadowMaterial, SphereGeometry, SRGBColorSpace, Vector3, WebGLRenderer, EdgesGeometry, DoubleSide, GridHelper,
} from "three";
export { OrbitControls } from "three/addons/controls/OrbitControls.js";
