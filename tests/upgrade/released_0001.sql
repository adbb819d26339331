PRAGMA application_id = 1215263814;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE jobs (
	id INTEGER NOT NULL, 
	folder TEXT NOT NULL, 
	state TEXT NOT NULL, 
	source BLOB NOT NULL, 
	lies_at BLOB, 
	identity TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	model TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	created_at DOUBLE NOT NULL, 
	updated_at DOUBLE NOT NULL, 
	in_inbox BOOLEAN NOT NULL, 
	put_away BOOLEAN NOT NULL, 
	"after" TEXT, 
	sha256 TEXT, 
	fingerprint TEXT, 
	twin_of INTEGER, 
	request TEXT, 
	upload_url TEXT, 
	uploaded_at DOUBLE, 
	prediction_id TEXT, 
	request_id TEXT, 
	submitted_at DOUBLE, 
	polled_at DOUBLE, 
	deadline_at DOUBLE, 
	result_urls TEXT NOT NULL, 
	outputs TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	reuploads INTEGER NOT NULL, 
	pays_itself BOOLEAN NOT NULL, 
	due_at DOUBLE NOT NULL, 
	claimed_by TEXT, 
	resume TEXT, 
	error_code TEXT, 
	error_message TEXT, 
	waits_for TEXT, 
	predict_seconds DOUBLE, 
	polls INTEGER NOT NULL, 
	cost_usd DOUBLE, 
	finished_at DOUBLE, 
	PRIMARY KEY (id)
);
INSERT INTO "jobs" VALUES(1,'pictures','done',X'2F7372762F61746C61732F696E626F782F70696374757265732F646F6E652E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F646F6E652F646F6E652E706E67','2279579:82:1795374868765427385',82,'sandbox/echo',8,1.79537486876794290541e+09,1.79537486879622983928e+09,0,1,NULL,'a9ddbfce77276710b35fa411b1d25124a0fbdcaa2aa7c834f582452e80477267','16d4cf4c505b46f7d70c6308173c2868165e344f3295197b49892c37027f634b',NULL,'{"kind":"image","body":{"model":"sandbox/echo","image_url":"http://127.0.0.1:45201/sandbox/uploads/4a7f1e07db304f0890d19c8dbe4703d6/done.png"},"rule":{"name":"pictures","inbox":"/srv/atlas/inbox/pictures","outbox":"/srv/atlas/outbox/pictures","kind":"image","model":"sandbox/echo","input":"image_url","prompt":"","params":{},"match":["*.jpg","*.jpeg","*.png","*.webp"],"recursive":true,"after":"archive","settle":0.1,"patience":0.5,"watch":"auto","on_unknown_submit":"hold","max_size_mb":null,"duplicates":"reuse","in_flight":null,"provenance":true,"sidecar_wait":0.0,"deadline_minutes":60.0}}','http://127.0.0.1:45201/sandbox/uploads/4a7f1e07db304f0890d19c8dbe4703d6/done.png',1.7953748687811257839e+09,'839315a01a752c4503051de5','892b1fb319e045e0b2b6027571c2f1cd',1.79537486878562593459e+09,NULL,1.79537846878562641142e+09,'["http://127.0.0.1:45201/sandbox/outputs/839315a01a752c4503051de5/0.png?signature=86dd80d9f36a8bc6"]','["/srv/atlas/outbox/pictures/done.png"]',0,0,0,1.79537486879434967038e+09,NULL,NULL,NULL,NULL,NULL,0.0,1,NULL,1.79537486879438686372e+09);
INSERT INTO "jobs" VALUES(2,'pictures','queued',X'2F7372762F61746C61732F696E626F782F70696374757265732F7175657565642E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F7175657565642E706E67','1:1:1',1,'sandbox/echo',0,1.79537486881381917001e+09,1.79537486881381917001e+09,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[]','[]',0,0,0,1.79537486881382131573e+09,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'pictures','uploading',X'2F7372762F61746C61732F696E626F782F70696374757265732F75706C6F6164696E672E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F75706C6F6164696E672E706E67','2:1:1',1,'sandbox/echo',2,1.79537486881858801839e+09,1.79537486882162642485e+09,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[]','[]',0,0,0,1.79537486881859016411e+09,'the first version',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'pictures','uploaded',X'2F7372762F61746C61732F696E626F782F70696374757265732F75706C6F616465642E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F75706C6F616465642E706E67','3:1:1',1,'sandbox/echo',2,1.79537486882232356077e+09,1.79537486882337665554e+09,1,0,NULL,NULL,'uploaded',NULL,NULL,'https://uploads.example/uploaded',1.0,NULL,NULL,NULL,NULL,NULL,'[]','[]',0,0,0,1.795374868822324276e+09,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'pictures','submitting',X'2F7372762F61746C61732F696E626F782F70696374757265732F7375626D697474696E672E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F7375626D697474696E672E706E67','4:1:1',1,'sandbox/echo',4,1.79537486882422876351e+09,1.79537486882750725743e+09,1,0,NULL,NULL,'submitting',NULL,'{"kind":"image","body":{"model":"sandbox/echo","image_url":"http://127.0.0.1:45201/sandbox/uploads/4a7f1e07db304f0890d19c8dbe4703d6/done.png"},"rule":{"name":"pictures","inbox":"/srv/atlas/inbox/pictures","outbox":"/srv/atlas/outbox/pictures","kind":"image","model":"sandbox/echo","input":"image_url","prompt":"","params":{},"match":["*.jpg","*.jpeg","*.png","*.webp"],"recursive":true,"after":"archive","settle":0.1,"patience":0.5,"watch":"auto","on_unknown_submit":"hold","max_size_mb":null,"duplicates":"reuse","in_flight":null,"provenance":true,"sidecar_wait":0.0,"deadline_minutes":60.0}}','https://uploads.example/submitting',1.0,NULL,NULL,1.79537486878562593459e+09,NULL,NULL,'[]','[]',0,0,0,1.79537486882422900194e+09,'the first version',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(6,'pictures','processing',X'2F7372762F61746C61732F696E626F782F70696374757265732F70726F63657373696E672E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F70726F63657373696E672E706E67','5:1:1',1,'sandbox/echo',5,1.79537486882792830461e+09,1.79537486883269381521e+09,1,0,NULL,NULL,'processing',NULL,'{"kind":"image","body":{"model":"sandbox/echo","image_url":"http://127.0.0.1:45201/sandbox/uploads/4a7f1e07db304f0890d19c8dbe4703d6/done.png"},"rule":{"name":"pictures","inbox":"/srv/atlas/inbox/pictures","outbox":"/srv/atlas/outbox/pictures","kind":"image","model":"sandbox/echo","input":"image_url","prompt":"","params":{},"match":["*.jpg","*.jpeg","*.png","*.webp"],"recursive":true,"after":"archive","settle":0.1,"patience":0.5,"watch":"auto","on_unknown_submit":"hold","max_size_mb":null,"duplicates":"reuse","in_flight":null,"provenance":true,"sidecar_wait":0.0,"deadline_minutes":60.0}}','https://uploads.example/processing',1.0,'prediction-processing',NULL,1.79537486878562593459e+09,NULL,10000000000.0,'[]','[]',0,0,0,1.0,'the first version',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(7,'pictures','downloading',X'2F7372762F61746C61732F696E626F782F70696374757265732F646F776E6C6F6164696E672E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F646F776E6C6F6164696E672E706E67','6:1:1',1,'sandbox/echo',6,1.79537486883308339117e+09,1.79537486883739423756e+09,1,0,NULL,NULL,'downloading',NULL,'{"kind":"image","body":{"model":"sandbox/echo","image_url":"http://127.0.0.1:45201/sandbox/uploads/4a7f1e07db304f0890d19c8dbe4703d6/done.png"},"rule":{"name":"pictures","inbox":"/srv/atlas/inbox/pictures","outbox":"/srv/atlas/outbox/pictures","kind":"image","model":"sandbox/echo","input":"image_url","prompt":"","params":{},"match":["*.jpg","*.jpeg","*.png","*.webp"],"recursive":true,"after":"archive","settle":0.1,"patience":0.5,"watch":"auto","on_unknown_submit":"hold","max_size_mb":null,"duplicates":"reuse","in_flight":null,"provenance":true,"sidecar_wait":0.0,"deadline_minutes":60.0}}','https://uploads.example/downloading',1.0,'prediction-downloading',NULL,1.79537486878562593459e+09,NULL,10000000000.0,'["https://results.example/downloading"]','[]',0,0,0,1.0,'the first version',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(8,'pictures','failed',X'2F7372762F61746C61732F696E626F782F70696374757265732F6661696C65642E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F6661696C65642E706E67','7:1:1',1,'sandbox/echo',2,1.79537486883778715134e+09,1.79537486883878374096e+09,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[]','[]',0,0,0,1.7953748688377869129e+09,NULL,'queued','unreadable','The file can''t be read.',NULL,NULL,0,NULL,1.79537486883878374096e+09);
INSERT INTO "jobs" VALUES(9,'pictures','cancelled',X'2F7372762F61746C61732F696E626F782F70696374757265732F63616E63656C6C65642E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F63616E63656C6C65642E706E67','8:1:1',1,'sandbox/echo',1,1.79537486883970165254e+09,1.79537486884022045134e+09,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'[]','[]',0,0,0,1.79537486883970141414e+09,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,1.79537486884022045134e+09);
INSERT INTO "jobs" VALUES(10,'pictures','held',X'2F7372762F61746C61732F696E626F782F70696374757265732F68656C642D756E6B6E6F776E5F7375626D69742E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F68656C642D756E6B6E6F776E5F7375626D69742E706E67','9:1:1',1,'sandbox/echo',4,1.79537486884062099453e+09,1.79537486884233140945e+09,1,0,NULL,NULL,'held-unknown_submit',NULL,'{"kind":"image","body":{"model":"sandbox/echo","image_url":"http://127.0.0.1:45201/sandbox/uploads/4a7f1e07db304f0890d19c8dbe4703d6/done.png"},"rule":{"name":"pictures","inbox":"/srv/atlas/inbox/pictures","outbox":"/srv/atlas/outbox/pictures","kind":"image","model":"sandbox/echo","input":"image_url","prompt":"","params":{},"match":["*.jpg","*.jpeg","*.png","*.webp"],"recursive":true,"after":"archive","settle":0.1,"patience":0.5,"watch":"auto","on_unknown_submit":"hold","max_size_mb":null,"duplicates":"reuse","in_flight":null,"provenance":true,"sidecar_wait":0.0,"deadline_minutes":60.0}}','https://uploads.example/held-unknown_submit',1.0,NULL,NULL,1.79537486878562593459e+09,NULL,NULL,'[]','[]',0,0,0,1.79537486884062027926e+09,NULL,'uploaded','unknown_submit','held for unknown_submit',NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(11,'pictures','held',X'2F7372762F61746C61732F696E626F782F70696374757265732F68656C642D70726564696374696F6E5F6C6F73742E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F68656C642D70726564696374696F6E5F6C6F73742E706E67','10:1:1',1,'sandbox/echo',5,1.79537486884275174136e+09,1.79537486884474277492e+09,1,0,NULL,NULL,'held-prediction_lost',NULL,'{"kind":"image","body":{"model":"sandbox/echo","image_url":"http://127.0.0.1:45201/sandbox/uploads/4a7f1e07db304f0890d19c8dbe4703d6/done.png"},"rule":{"name":"pictures","inbox":"/srv/atlas/inbox/pictures","outbox":"/srv/atlas/outbox/pictures","kind":"image","model":"sandbox/echo","input":"image_url","prompt":"","params":{},"match":["*.jpg","*.jpeg","*.png","*.webp"],"recursive":true,"after":"archive","settle":0.1,"patience":0.5,"watch":"auto","on_unknown_submit":"hold","max_size_mb":null,"duplicates":"reuse","in_flight":null,"provenance":true,"sidecar_wait":0.0,"deadline_minutes":60.0}}','https://uploads.example/held-prediction_lost',1.0,'prediction-held-prediction_lost',NULL,1.79537486878562593459e+09,NULL,10000000000.0,'[]','[]',0,0,0,1.0,NULL,'processing','prediction_lost','held for prediction_lost',NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(12,'pictures','held',X'2F7372762F61746C61732F696E626F782F70696374757265732F68656C642D646561646C696E652E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F68656C642D646561646C696E652E706E67','11:1:1',1,'sandbox/echo',5,1.7953748688451125621e+09,1.7953748688473668098e+09,1,0,NULL,NULL,'held-deadline',NULL,'{"kind":"image","body":{"model":"sandbox/echo","image_url":"http://127.0.0.1:45201/sandbox/uploads/4a7f1e07db304f0890d19c8dbe4703d6/done.png"},"rule":{"name":"pictures","inbox":"/srv/atlas/inbox/pictures","outbox":"/srv/atlas/outbox/pictures","kind":"image","model":"sandbox/echo","input":"image_url","prompt":"","params":{},"match":["*.jpg","*.jpeg","*.png","*.webp"],"recursive":true,"after":"archive","settle":0.1,"patience":0.5,"watch":"auto","on_unknown_submit":"hold","max_size_mb":null,"duplicates":"reuse","in_flight":null,"provenance":true,"sidecar_wait":0.0,"deadline_minutes":60.0}}','https://uploads.example/held-deadline',1.0,'prediction-held-deadline',NULL,1.79537486878562593459e+09,NULL,10000000000.0,'[]','[]',0,0,0,1.0,NULL,'processing','deadline','held for deadline',NULL,NULL,0,NULL,NULL);
INSERT INTO "jobs" VALUES(13,'pictures','held',X'2F7372762F61746C61732F696E626F782F70696374757265732F68656C642D62616C616E63652E706E67',X'2F7372762F61746C61732F696E626F782F70696374757265732F68656C642D62616C616E63652E706E67','12:1:1',1,'sandbox/echo',3,1.79537486884864354134e+09,1.79537486885017824175e+09,1,0,NULL,NULL,'held-balance',NULL,NULL,'https://uploads.example/held-balance',1.0,NULL,NULL,NULL,NULL,NULL,'[]','[]',0,0,0,1.79537486884864282612e+09,NULL,'uploaded','balance','held for balance',NULL,NULL,0,NULL,NULL);
CREATE TABLE notes (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "notes" VALUES('table','"1d49e435624f4a5ab25f6c5f30d5db42"');
INSERT INTO "notes" VALUES('mounts','{"/srv/atlas/inbox/pictures":"/","/srv/atlas/outbox/pictures":"/"}');
CREATE TABLE transitions (
	id INTEGER NOT NULL, 
	job_id INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	"before" TEXT, 
	"after" TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
INSERT INTO "transitions" VALUES(1,1,1.79537486876794290541e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(2,1,1.79537486877088761326e+09,'queued','uploading','taken up');
INSERT INTO "transitions" VALUES(3,1,1.79537486878128361707e+09,'uploading','uploaded','uploaded');
INSERT INTO "transitions" VALUES(4,1,1.79537486878299665455e+09,'uploaded','submitting','about to be sent');
INSERT INTO "transitions" VALUES(5,1,1.79537486878569698331e+09,'submitting','processing','accepted as prediction 839315a01a752c4503051de5');
INSERT INTO "transitions" VALUES(6,1,1.79537486878975820541e+09,'processing','downloading','ready, 1 output(s)');
INSERT INTO "transitions" VALUES(7,1,1.79537486879438686372e+09,'downloading','done','1 result(s) in the outbox');
INSERT INTO "transitions" VALUES(8,2,1.79537486881381917001e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(9,3,1.79537486881858801839e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(10,3,1.79537486882048177719e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(11,4,1.79537486882232356077e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(12,4,1.79537486882294344903e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(13,4,1.79537486882337665554e+09,'uploading','uploaded','as the first version did');
INSERT INTO "transitions" VALUES(14,5,1.79537486882422876351e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(15,5,1.7953748688250732422e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(16,5,1.79537486882556414609e+09,'uploading','uploaded','as the first version did');
INSERT INTO "transitions" VALUES(17,5,1.79537486882631492617e+09,'uploaded','submitting','as the first version did');
INSERT INTO "transitions" VALUES(18,6,1.79537486882792830461e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(19,6,1.79537486882861948016e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(20,6,1.79537486882908749576e+09,'uploading','uploaded','as the first version did');
INSERT INTO "transitions" VALUES(21,6,1.7953748688296909332e+09,'uploaded','submitting','as the first version did');
INSERT INTO "transitions" VALUES(22,6,1.7953748688303258419e+09,'submitting','processing','as the first version did');
INSERT INTO "transitions" VALUES(23,7,1.79537486883308339117e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(24,7,1.79537486883369135854e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(25,7,1.7953748688341546059e+09,'uploading','uploaded','as the first version did');
INSERT INTO "transitions" VALUES(26,7,1.79537486883455753329e+09,'uploaded','submitting','as the first version did');
INSERT INTO "transitions" VALUES(27,7,1.79537486883508729937e+09,'submitting','processing','as the first version did');
INSERT INTO "transitions" VALUES(28,7,1.79537486883546924592e+09,'processing','downloading','as the first version did');
INSERT INTO "transitions" VALUES(29,8,1.79537486883778715134e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(30,8,1.79537486883839154244e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(31,8,1.79537486883878374096e+09,'uploading','failed','as the first version did');
INSERT INTO "transitions" VALUES(32,9,1.79537486883970165254e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(33,9,1.79537486884022045134e+09,'queued','cancelled','as the first version did');
INSERT INTO "transitions" VALUES(34,10,1.79537486884062099453e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(35,10,1.79537486884108185764e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(36,10,1.7953748688414611816e+09,'uploading','uploaded','as the first version did');
INSERT INTO "transitions" VALUES(37,10,1.7953748688418967724e+09,'uploaded','submitting','as the first version did');
INSERT INTO "transitions" VALUES(38,10,1.79537486884233140945e+09,'submitting','held','as the first version did');
INSERT INTO "transitions" VALUES(39,11,1.79537486884275174136e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(40,11,1.79537486884322166442e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(41,11,1.79537486884360241888e+09,'uploading','uploaded','as the first version did');
INSERT INTO "transitions" VALUES(42,11,1.79537486884397459027e+09,'uploaded','submitting','as the first version did');
INSERT INTO "transitions" VALUES(43,11,1.79537486884437417979e+09,'submitting','processing','as the first version did');
INSERT INTO "transitions" VALUES(44,11,1.79537486884474277492e+09,'processing','held','as the first version did');
INSERT INTO "transitions" VALUES(45,12,1.7953748688451125621e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(46,12,1.79537486884556055067e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(47,12,1.79537486884605455394e+09,'uploading','uploaded','as the first version did');
INSERT INTO "transitions" VALUES(48,12,1.79537486884646654136e+09,'uploaded','submitting','as the first version did');
INSERT INTO "transitions" VALUES(49,12,1.79537486884696841234e+09,'submitting','processing','as the first version did');
INSERT INTO "transitions" VALUES(50,12,1.7953748688473668098e+09,'processing','held','as the first version did');
INSERT INTO "transitions" VALUES(51,13,1.79537486884864354134e+09,NULL,'queued','found');
INSERT INTO "transitions" VALUES(52,13,1.79537486884916710856e+09,'queued','uploading','as the first version did');
INSERT INTO "transitions" VALUES(53,13,1.79537486884964704514e+09,'uploading','uploaded','as the first version did');
INSERT INTO "transitions" VALUES(54,13,1.79537486885017824175e+09,'uploaded','held','as the first version did');
CREATE INDEX ix_jobs_due ON jobs (state, folder, due_at) WHERE NOT put_away;
CREATE UNIQUE INDEX ux_jobs_live ON jobs (source, folder, identity) WHERE in_inbox;
CREATE INDEX ix_jobs_state ON jobs (state, folder);
CREATE INDEX ix_jobs_fingerprint ON jobs (fingerprint);
CREATE INDEX ix_jobs_twin_of ON jobs (twin_of);
CREATE INDEX ix_jobs_submitted_at ON jobs (submitted_at);
CREATE INDEX ix_transitions_job ON transitions (job_id);
COMMIT;
